// Locks the page when nobody touches it for as long as the server says, keeps what was typed, and unlocks in place.
// The server locks by itself, whatever this script does: here the page is only covered in time and kept alive.

const meta = document.querySelector('meta[name="session"]');
const lock = document.getElementById("lock");
const ending = document.querySelector("[data-ending]");
const part = lock.querySelector("[data-lock-part]");
const over = lock.querySelector("[data-lock-ended]");
const away = lock.querySelector("[data-lock-away]");
const title = document.title;
const session = meta.content;
const idle = Number(meta.dataset.idle) * 1000;
const EVERY = 60_000; // The server knows the last act to within a minute.
const EARLY = 60_000; // The end is announced one minute ahead.

// By the wall clock: a computer that slept has not counted, but its clock has gone on.
let locksAt = Date.now() + Number(meta.dataset.idleLeft) * 1000;
let endsAt = Date.now() + Number(meta.dataset.left) * 1000;
let toldAt = Date.now();
let touched = false;
// A tablet that was handed over is back, unlocked elsewhere than on its own page: what its patient could not send was of
// that hand-over only, and is not dropped without a word.
if (localStorage.getItem("bedside")) {
  document.querySelector("[data-decision-lost]").hidden = false;
  localStorage.removeItem("bedside");
}
const channel = "BroadcastChannel" in window ? new BroadcastChannel("telesphore-session") : null;

/** What the server says of the session; null when it can't be reached. */
async function ask(address, options = {}) {
  try {
    const answer = await fetch(address, { headers: { Accept: "application/json" }, ...options });
    if (answer.status === 423) return { session, locked: true, left: 1 };
    return answer.redirected || !answer.ok ? { session: "" } : await answer.json();
  } catch {
    return null;
  }
}

/** Take over what the server says. Another person's session, or none, has no business with this page. */
function follow(state) {
  away.hidden = state !== null;
  if (!state) return;
  if (state.session !== session) return end();
  endsAt = Date.now() + state.left * 1000;
  if (state.locked) return cover();
  locksAt = Date.now() + state.idle_left * 1000;
  uncover();
}

function token() {
  return document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";
}

function post(address, body = new FormData()) {
  return ask(address, { method: "POST", body, headers: { Accept: "application/json", "X-CSRFToken": token() } });
}

/** Nothing of the page can be read, printed, or reached by the keyboard; all of it stays as it was. */
async function cover() {
  if (lock.open) return;
  document.documentElement.dataset.locked = "yes";
  document.title = lock.dataset.title;
  lock.showModal();
  lock.querySelector("h2").focus();
  if (!over.hidden) return;
  try {
    const answer = await fetch(`${lock.dataset.unlock}?part=1`);
    if (answer.redirected) return end();
    part.replaceChildren(...new DOMParser().parseFromString(await answer.text(), "text/html").body.childNodes);
    prepare();
  } catch {
    away.hidden = false;
  }
}

function uncover() {
  if (!lock.open || !over.hidden) return;
  lock.close();
  part.replaceChildren();
  delete document.documentElement.dataset.locked;
  document.title = title;
}

function end() {
  ending.hidden = true;
  over.hidden = false;
  part.hidden = true;
  cover();
}

/** The part that unlocks has come: its form and its buttons answer in place. */
function prepare() {
  const form = part.querySelector("form[data-unlock]");
  form?.addEventListener("submit", (event) => {
    event.preventDefault();
    event.stopImmediatePropagation();
    unlock(new FormData(form)).then(() => form.reset());
  });
  const button = part.querySelector("[data-unlock-passkey]");
  if (button && window.PublicKeyCredential?.parseRequestOptionsFromJSON) {
    button.hidden = false;
    button.addEventListener("click", () => byPasskey(button.dataset.unlockPasskey));
  }
}

async function unlock(body) {
  const answer = await post(lock.dataset.unlock, body);
  if (answer?.unlocked) {
    await check();
    channel?.postMessage("unlocked");
  } else if (answer?.problem) {
    tell(answer.problem);
  } else {
    await check();
  }
}

function tell(problem) {
  const notice = part.querySelector("[data-unlock-problem]");
  notice.hidden = false;
  notice.querySelector("span").textContent = problem;
}

/** What the person's passkey says, as text; null when the person closed the browser's own window. */
async function askPasskey(address) {
  const options = await post(address);
  if (!options?.publicKey) return null;
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options.publicKey);
  try {
    return JSON.stringify((await navigator.credentials.get({ publicKey })).toJSON());
  } catch {
    return null;
  }
}

async function byPasskey(address) {
  const credential = await askPasskey(address);
  if (!credential) return;
  const body = new FormData();
  body.set("credential", credential);
  await unlock(body);
}

async function check() {
  follow(await ask(lock.dataset.state));
}

/** A person moves, types or reads; the server learns it at most once a minute. */
async function active() {
  if (lock.open) return;
  if (Date.now() >= locksAt) return cover();
  locksAt = Date.now() + idle;
  touched = true;
  if (Date.now() - toldAt >= EVERY) await tellServer();
}

async function tellServer() {
  toldAt = Date.now();
  touched = false;
  follow(await post(lock.dataset.seen));
}

function tick() {
  const at = Date.now();
  if (at >= endsAt) return over.hidden ? end() : undefined;
  ending.hidden = lock.open || at < endsAt - EARLY;
  if (lock.open) return undefined;
  if (at >= locksAt) {
    cover();
    // Another window of the same browser may have kept the session awake: the server knows.
    return check();
  }
  if (touched && at - toldAt >= EVERY) return tellServer();
  return undefined;
}

for (const name of ["pointerdown", "pointermove", "keydown", "wheel", "touchstart"]) {
  addEventListener(name, active, { passive: true });
}
for (const name of ["focus", "pageshow", "online"]) addEventListener(name, () => { tick(); if (lock.open) check(); });
document.addEventListener("visibilitychange", () => { if (!document.hidden) { tick(); if (lock.open) check(); } });
lock.addEventListener("cancel", (event) => event.preventDefault());
lock.addEventListener("keydown", (event) => { if (event.key === "Escape") event.preventDefault(); });
channel?.addEventListener("message", check);
document.addEventListener("htmx:responseError", (event) => { if (event.detail.xhr.status === 423) cover(); });

// A form sent while the server has already locked would be refused and the page left: ask first when we can't be sure.
addEventListener("submit", async (event) => {
  const form = event.target;
  if (lock.contains(form) || form.method !== "post" || form.dataset.sure || Date.now() - toldAt < EVERY) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  await tellServer();
  if (lock.open) return;
  form.dataset.sure = "yes";
  form.requestSubmit(event.submitter);
}, { capture: true });

setInterval(tick, 1000);
