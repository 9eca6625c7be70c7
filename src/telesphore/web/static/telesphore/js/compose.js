// What is typed is kept as one goes, and what is missing is told at once; buttons wait until the last change is kept,
// so that two of them never carry the same version of the draft.

const form = document.querySelector("[data-compose]");
const kept = document.getElementById("kept");
const bad = document.getElementById("bad");
let waiting = 0;
let chain = Promise.resolve();

/** Keep what the form holds; then put what the answer says into the parts that live. */
async function keep() {
  const body = new FormData(form);
  body.set("act", "live");
  const answer = await fetch(form.action, { method: "POST", body });
  if (answer.status === 409 || answer.redirected && !answer.url.startsWith(form.action)) {
    // Changed in another window, or signed out: the server says it on a page of its own.
    location.reload();
    return;
  }
  if (!answer.ok && answer.status !== 422) throw new Error(String(answer.status));
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of document.querySelectorAll("[data-live]")) {
    const fresh = page.getElementById(part.id);
    if (fresh && !fresh.isEqualNode(part)) part.replaceChildren(...fresh.childNodes);
  }
  if (answer.ok) kept.textContent = form.dataset.kept;
}

form.addEventListener("change", (event) => {
  // A search is kept when one of those found is chosen.
  if (event.target.type === "search") return;
  waiting += 1;
  chain = chain.then(keep).catch(() => { kept.textContent = form.dataset.lost; }).finally(() => { waiting -= 1; });
});

// The dialog's form too, as it leads away from this page.
document.addEventListener("submit", (event) => {
  const { target, submitter } = event;
  const dialog = target.closest("[data-drop-form]");
  const lost = dialog && bad.firstElementChild;
  if (!waiting && !lost) return;
  event.preventDefault();
  event.stopPropagation();
  if (waiting) chain.then(() => target.requestSubmit(submitter));
  else {
    // What can't be read is not kept: it is mended first, as before any button of the page.
    dialog.close();
    lost.focus();
  }
});

// A place that an address names takes the focus: the next press of the Tab key goes on from there.
const named = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
if (named) named.focus();
