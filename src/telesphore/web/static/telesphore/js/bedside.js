// The bedside page: once it has come, it needs no network until the end. What the patient decides is kept on the tablet
// until the server has it, and sent again by itself; the server takes it once.

const KEY = "bedside";
const DELAYS = [1, 2, 5, 10, 15];

const part = (name) => document.querySelector(`[data-${name}]`);
const forms = [...document.querySelectorAll("form[data-bedside]")];
let tries = 0;
let timer = 0;

function keep(act) {
  sessionStorage.setItem(KEY, JSON.stringify(act));
}

function forget() {
  sessionStorage.removeItem(KEY);
}

/** Nothing can be changed once it is decided; what is refused may be tried again. */
function freeze(frozen) {
  for (const button of document.querySelectorAll("button[form], form[data-bedside] button")) button.disabled = frozen;
}

async function send(act) {
  clearTimeout(timer);
  freeze(true);
  try {
    const answer = await fetch(act.to, {
      method: "POST",
      headers: { Accept: "application/json", "Content-Type": "application/x-www-form-urlencoded" },
      body: act.body,
      redirect: "manual",
    });
    if (answer.status >= 500 || answer.status === 429) throw new Error(`answered ${answer.status}`);
    forget();
    if (answer.ok) location.assign((await answer.json()).done);
    else refuse();
  } catch (failure) {
    // No network, or a server that is away: what was decided stays here.
    console.info("Kept on this tablet, to be sent again.", failure.name);
    part("cut").hidden = false;
    timer = setTimeout(() => send(act), 1000 * DELAYS[Math.min(tries++, DELAYS.length - 1)]);
  }
}

function refuse() {
  part("cut").hidden = true;
  part("refused").hidden = false;
  freeze(false);
}

for (const form of forms) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const act = { to: form.action, body: new URLSearchParams(new FormData(form)).toString() };
    keep(act);
    send(act);
  });
}
addEventListener("online", () => {
  const act = JSON.parse(sessionStorage.getItem(KEY) ?? "null");
  if (act) send(act);
});
addEventListener("beforeunload", (event) => {
  if (sessionStorage.getItem(KEY)) event.preventDefault();
});

// The page came again while something was still to be sent.
const left = JSON.parse(sessionStorage.getItem(KEY) ?? "null");
if (left) send(left);
