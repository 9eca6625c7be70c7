// The signature book: lines are gone through by keyboard, shown beside the list, picked and signed without leaving it.

const WIDE = matchMedia("(min-width: 62em)");
const form = document.querySelector("[data-book]");
const pane = document.querySelector("[data-pane]");
const main = document.getElementById("main");
const help = document.querySelector("[data-keys]");
const links = [...form.querySelectorAll("[data-preview]")];
const boxes = [...form.querySelectorAll("[data-pick]")];
const all = form.querySelector("[data-pick-all]");
const signs = form.querySelector("[data-sign]");
const unpick = form.querySelector("[data-unpick]");
const previews = new Map();
let open = null;

for (const part of document.querySelectorAll("[data-scripted]")) part.hidden = false;

/** What stands beside the list for a line: asked for once. The document itself is asked for when it is shown, since
 *  reading it leaves a trace. */
function preview(link) {
  const address = `${link.href}preview`;
  if (!previews.has(address)) {
    // Where the acts come back to: this list as it stands, at the line that follows.
    const way = new URLSearchParams(location.search);
    const next = links[links.indexOf(link) + 1];
    if (next) way.set("next", next.closest("li").dataset.line);
    const asked = fetch(`${address}?${way}`, { headers: { "HX-Request": "true" } }).then((answer) => {
      const elsewhere = answer.headers.get("HX-Redirect") ?? answer.headers.get("X-Telesphore-Locked");
      if (elsewhere) location.assign(elsewhere);
      if (!answer.ok) throw new Error(String(answer.status));
      return answer.text();
    });
    asked.catch(() => previews.delete(address));
    previews.set(address, asked);
  }
  return previews.get(address);
}

async function show(link) {
  if (open === link) return;
  open = link;
  for (const other of links) {
    other.closest("li").classList.toggle("is-open", other === link);
    if (other === link) other.setAttribute("aria-current", "true");
    else other.removeAttribute("aria-current");
  }
  main.classList.add("is-previewing");
  if (!WIDE.matches && history.state?.previewing !== true) history.pushState({ previewing: true }, "");
  pane.setAttribute("aria-busy", "true");
  let text;
  try {
    text = await preview(link);
  } catch {
    if (open === link) {
      const told = document.createElement("p");
      told.setAttribute("role", "alert");
      told.className = "b-none";
      told.textContent = pane.dataset.failed;
      pane.replaceChildren(told);
      open = null;
    }
    return;
  } finally {
    pane.removeAttribute("aria-busy");
  }
  if (open !== link) return;
  htmx.swap(pane, text, { swapStyle: htmx.config.defaultSwapStyle });
  pane.scrollTo(0, 0);
  if (!WIDE.matches) scrollTo(0, 0);
  // Beside the list, the list keeps the focus; on a phone the document is what is looked at.
  if (!WIDE.matches) pane.querySelector("[data-heading]").focus({ preventScroll: true });
  const next = links[links.indexOf(link) + 1];
  if (next) preview(next).catch(() => {});
}

function close() {
  if (!open) return;
  const link = open;
  open = null;
  link.closest("li").classList.remove("is-open");
  link.removeAttribute("aria-current");
  main.classList.remove("is-previewing");
  pane.replaceChildren();
  link.focus();
}

/** Shut what is open; on a phone it was a screen of its own, which "back" leaves too. */
function leave() {
  if (history.state?.previewing) history.back();
  else close();
}
addEventListener("popstate", close);

function current() {
  const line = document.activeElement?.closest?.("[data-line]");
  return (line && line.querySelector("[data-preview]")) ?? open ?? links[0];
}

/** Go up or down by lines; what is shown follows. */
function move(by) {
  const line = document.activeElement?.closest?.("[data-line]");
  const from = line || open ? links.indexOf(current()) : -1;
  const link = links[Math.min(Math.max(from + by, 0), links.length - 1)];
  link.focus();
  link.scrollIntoView({ block: "nearest" });
  if (open) show(link);
}

function count() {
  const picked = boxes.filter((box) => box.checked).length;
  for (const box of boxes) box.closest("li").classList.toggle("is-on", box.checked);
  for (const place of form.querySelectorAll("[data-picked]")) place.textContent = String(picked);
  if (all) all.checked = picked > 0 && picked === boxes.length;
  if (unpick) unpick.hidden = picked === 0;
  if (signs) signs.hidden = picked === 0;
}
for (const box of boxes) box.addEventListener("change", count);
all?.addEventListener("change", () => {
  for (const box of boxes) box.checked = all.checked;
  count();
});
unpick?.addEventListener("click", () => {
  for (const box of boxes) box.checked = false;
  count();
  links[0].focus();
});

/** Those picked, or else this line: the list is seen, and the card or PIN asked for, on the page that follows. */
function sign(link) {
  if (!signs) return;
  if (boxes.some((box) => box.checked)) {
    form.requestSubmit(signs);
    return;
  }
  const one = document.createElement("input");
  Object.assign(one, { type: "hidden", name: "one", value: link.closest("li").dataset.line });
  form.append(one);
  form.requestSubmit();
}

/** What this line asks for: the page of an opinion or of a review, else the list of what is signed. */
async function act(link) {
  const acts = () => (open === link ? pane.querySelector("[data-act]") : null);
  if (boxes.some((box) => box.checked) || !link.closest("li").hasAttribute("data-alone")) return sign(link);
  if (!acts()) await show(link);
  acts()?.click();
}

/** Refuse what is shown, or this line. */
async function refuse(link) {
  if (open !== link) await show(link);
  pane.querySelector("[data-refuse]")?.click();
}

const keys = {
  j: () => move(1),
  ArrowDown: () => move(1),
  k: () => move(-1),
  ArrowUp: () => move(-1),
  Enter: () => show(current()),
  " ": () => show(current()),
  x: () => current().closest("li").querySelector("[data-pick]")?.click(),
  s: () => act(current()),
  r: () => refuse(current()),
  o: () => location.assign(current().href),
  "?": () => help.showModal(),
  Escape: leave,
};

// Only while the list, what is shown beside it, or nothing at all has the focus; never while somebody types.
function listens(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || help.open) return false;
  const at = event.target;
  if (at === document.body || at === main || at === pane || at.closest("[data-heading]")) return true;
  if (pane.contains(at)) return event.key === "Escape" || /^[jksrox?]$/.test(event.key);
  const line = at.closest("[data-line]");
  if (!line) return false;
  // A box is ticked by the space bar, as everywhere.
  return at.type !== "checkbox" || (event.key !== " " && event.key !== "Enter");
}
const on = help.querySelector("[data-keys-on]");
try {
  on.checked = localStorage.getItem("book-keys") !== "off";
} catch {
  // A browser that keeps nothing: the keys work.
}
on.addEventListener("change", () => {
  try {
    localStorage.setItem("book-keys", on.checked ? "on" : "off");
  } catch {
    // As above.
  }
});
addEventListener("keydown", (event) => {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (!keys[key] || !listens(event)) return;
  // Enter and the space bar open a line whatever was chosen: without them it could not be shown.
  if (!on.checked && key !== "Enter" && key !== "Escape") return;
  event.preventDefault();
  keys[key]();
});

for (const link of links) {
  link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    show(link);
  });
}
pane.addEventListener("click", (event) => {
  if (event.target.closest("[data-close]")) leave();
  if (event.target.closest("[data-next]")) {
    const next = links[links.indexOf(open) + 1];
    if (next) {
      next.focus();
      show(next);
    } else leave();
  }
});
document.querySelector("[data-help]").addEventListener("click", () => help.showModal());

// Back from an act: at the line that followed.
if (location.hash.startsWith("#e-")) document.getElementById(location.hash.slice(1))?.querySelector("[data-preview]")?.focus();

count();
addEventListener("pageshow", () => {
  for (const one of form.querySelectorAll("[name=one][type=hidden]")) one.remove();
  count();
});
