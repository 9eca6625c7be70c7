// A tablet comes back while what its patient decided waits for the network. That goes first: unlocking ends the hand-over,
// after which nobody may send it any more.

const KEPT = "bedside";
const DELAYS = [1, 2, 5, 10, 15];
const notice = document.querySelector("[data-kept]");
const refused = document.querySelector("[data-kept-refused]");
let tries = 0;
let timer = 0;
let sending = false;

function kept() {
  return JSON.parse(localStorage.getItem(KEPT) ?? "null");
}

async function send() {
  const act = kept();
  if (!act || sending) return;
  clearTimeout(timer);
  sending = true;
  try {
    const body = new URLSearchParams(act.body);
    body.set("ago", String(Math.max(0, Date.now() - act.decided)));
    const answer = await fetch(act.to, {
      method: "POST",
      headers: { Accept: "application/json", "Content-Type": "application/x-www-form-urlencoded" },
      body,
      redirect: "manual",
    });
    if (answer.status >= 500 || answer.status === 429) throw new Error(`answered ${answer.status}`);
    const said = await answer.json().catch(() => ({}));
    localStorage.removeItem(KEPT);
    notice.hidden = true;
    if (answer.ok && said.done) return location.replace(said.done);
    refused.hidden = false;
    if (said.why) refused.querySelector("[data-why]").textContent = said.why;
  } catch (failure) {
    console.info("Kept on this tablet, to be sent again.", failure.name);
    notice.hidden = false;
    timer = setTimeout(send, 1000 * DELAYS[Math.min(tries++, DELAYS.length - 1)]);
  } finally {
    sending = false;
  }
}

// Before any other script's: none of them unlocks, nor signs out.
document.addEventListener(
  "submit",
  (event) => {
    if (!kept()) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    notice.hidden = false;
    notice.focus();
    send();
  },
  { capture: true },
);
addEventListener("online", send);
send();
