// The bedside page: once it has come, it needs no network until the end. What the patient decides is kept on the tablet
// until the server has it, and sent again by itself; the server takes it once.
//
// Kept in localStorage: it outlives the tab, which a tablet that lacks memory ends without a word, and it is written
// before anything is sent. The document is not kept: nothing of the record sleeps on a tablet.

const KEPT = "bedside";
const DELAYS = [1, 2, 5, 10, 15];

const part = (name) => document.querySelector(`[data-${name}]`);
const forms = [...document.querySelectorAll("form[data-bedside]")];
const bedside = forms[0].dataset.bedside;
const viewer = part("viewer");
const seen = new Set();
let tries = 0;
let timer = 0;
let sending = false;
let held = false;

/** What was decided on this tablet, for this hand-over and no other. */
function kept() {
  const act = JSON.parse(localStorage.getItem(KEPT) ?? "null");
  if (act && act.bedside !== bedside) localStorage.removeItem(KEPT);
  return act?.bedside === bedside ? act : null;
}

/** Nothing can be changed once it is decided; what is refused may be tried again. */
function freeze(frozen) {
  for (const button of document.querySelectorAll("button[form], form[data-bedside] button")) {
    button.disabled = frozen;
    if (!frozen) button.removeAttribute("aria-busy");
  }
  if (!frozen) for (const form of forms) delete form.dataset.sent;
}

/** One notice at a time. */
function tell(name) {
  for (const one of ["unread", "cut", "refused"]) part(one).hidden = one !== name;
  part("kept").hidden = !kept();
  part("not-kept").hidden = Boolean(kept());
}

async function send() {
  const act = kept();
  if (!act || sending) return;
  clearTimeout(timer);
  sending = true;
  freeze(true);
  try {
    const body = new URLSearchParams(act.body);
    // How long ago, not when: the tablet's clock may be wrong, the time it counts is not.
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
    if (answer.ok && said.done) location.replace(said.done);
    else refuse(said.why);
  } catch (failure) {
    // No network, or a server that is away: what was decided stays here.
    console.info("Kept on this tablet, to be sent again.", failure.name);
    tell("cut");
    timer = setTimeout(send, 1000 * DELAYS[Math.min(tries++, DELAYS.length - 1)]);
  } finally {
    sending = false;
  }
}

function refuse(why) {
  tell("refused");
  if (why) part("why").textContent = why;
  part("refused").focus();
  freeze(false);
  if (!held) return;
  held = false;
  viewer.removeAttribute("aria-busy");
  document.dispatchEvent(new Event("htmx:load", { bubbles: true }));
}

/** The first page that was not shown; 0 when all were, or when there is no telling. */
function unread() {
  const pages = Number(viewer.dataset.pages || 0);
  for (let number = 1; number <= pages; number += 1) if (!seen.has(number)) return number;
  return 0;
}

function show(page) {
  viewer.dispatchEvent(new CustomEvent("show-page", { detail: { page } }));
  viewer.scrollIntoView();
}

viewer.addEventListener("page-shown", (event) => {
  seen.add(event.detail.page);
  viewer.dataset.pages = event.detail.pages;
  viewer.dataset.shown = event.detail.page;
});
viewer.addEventListener("whole-document", () => (part("here").hidden = false));

for (const form of forms) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const missing = form.id === "sign-form" ? unread() : 0;
    if (missing) {
      tell("unread");
      show(missing);
      // The page's own rule would let it be sent once only.
      setTimeout(() => freeze(false));
      return;
    }
    const body = new URLSearchParams(new FormData(form)).toString();
    localStorage.setItem(KEPT, JSON.stringify({ bedside, to: form.action, body, decided: Date.now() }));
    tell("");
    send();
  });
}

for (const link of document.querySelectorAll("[data-page]")) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    show(Number(link.dataset.page));
  });
}

// What leads away is followed only while the network is there: a page that did not come would take this one away.
for (const link of document.querySelectorAll("[data-away]")) {
  link.addEventListener("click", async (event) => {
    event.preventDefault();
    if (kept()) {
      await send();
      return;
    }
    try {
      await fetch(link.href, { redirect: "manual" });
      location.assign(link.href);
    } catch {
      tell("cut");
    }
  });
}
addEventListener("online", () => {
  tell("");
  send();
});
addEventListener("beforeunload", (event) => {
  if (kept() && !navigator.onLine) event.preventDefault();
});

// The page came again while something was still to be sent. That goes first, without the document, which is no longer
// given once it is decided; a refusal brings it back. viewer.js comes after this script, and leaves alone what is busy.
if (kept()) {
  held = true;
  viewer.setAttribute("aria-busy", "true");
  send();
}
