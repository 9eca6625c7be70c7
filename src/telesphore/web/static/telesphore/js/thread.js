// The discussion beside a document: pins on its pages, mentions with @. Without it, all but pins works.

const found = (name, root = document) => root.querySelector(`[data-${name}]`);
const viewer = () => found("viewer");
const paper = () => found("paper");
const said = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
let shown = Number(viewer()?.dataset.page || 1);
let choosing = null;

/** One button for each note of the page that is shown. */
function drawPins() {
  for (const pin of document.querySelectorAll(".p-place")) pin.remove();
  const thread = found("thread");
  if (!thread || !paper()) return;
  const here = [...thread.querySelectorAll("li[data-page]")].filter((entry) => Number(entry.dataset.page) === shown);
  for (const [number, entry] of here.entries()) {
    // Notes on one spot stand side by side, so that each can be pressed.
    const near = (other) => Math.abs(other.dataset.x - entry.dataset.x) < 50 && Math.abs(other.dataset.y - entry.dataset.y) < 40;
    const before = here.slice(0, number).filter(near).length;
    const pin = document.createElement("button");
    pin.type = "button";
    pin.className = "p-place";
    pin.setAttribute("aria-label", said(thread.dataset.saidPin, { p: shown, who: entry.dataset.who }));
    put(pin, entry.dataset.x, entry.dataset.y);
    pin.style.setProperty("transform", `translateX(${before * 2}rem)`);
    pin.addEventListener("click", () => {
      entry.tabIndex = -1;
      entry.scrollIntoView({ block: "center" });
      entry.focus();
    });
    paper().append(pin);
  }
}

/** Thousandths of the page, from its left and its top. */
function put(element, x, y) {
  element.style.setProperty("left", `${x / 10}%`);
  element.style.setProperty("top", `${y / 10}%`);
}

function choose(form) {
  const page = paper();
  if (!page || page.hidden) return;
  const mark = document.createElement("button");
  mark.type = "button";
  mark.className = "p-place is-choosing";
  const words = found("thread").dataset.saidPlace;
  mark.setAttribute("aria-label", words);
  found("told", form).textContent = words;
  choosing = { form, mark, x: 500, y: 500 };
  put(mark, 500, 500);
  page.append(mark);
  page.classList.add("is-choosing");
  mark.focus();
  const end = (place) => {
    page.classList.remove("is-choosing");
    mark.remove();
    removeEventListener("click", press, true);
    removeEventListener("keydown", key, true);
    choosing = null;
    if (place) keep(form, shown, place.x, place.y);
    form.querySelector("textarea").focus();
  };
  const press = (event) => {
    if (!page.contains(event.target)) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.detail === 0) return end(choosing);
    const box = page.getBoundingClientRect();
    const within = (value) => Math.min(1000, Math.max(0, Math.round(value * 1000)));
    end({ x: within((event.clientX - box.left) / box.width), y: within((event.clientY - box.top) / box.height) });
  };
  const key = (event) => {
    const steps = { ArrowLeft: [-10, 0], ArrowRight: [10, 0], ArrowUp: [0, -10], ArrowDown: [0, 10] };
    const step = steps[event.key];
    if (event.key === "Escape") end(null);
    else if (event.key === "Enter") end(choosing);
    else if (step) {
      choosing.x = Math.min(1000, Math.max(0, choosing.x + step[0]));
      choosing.y = Math.min(1000, Math.max(0, choosing.y + step[1]));
      put(mark, choosing.x, choosing.y);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  addEventListener("click", press, true);
  addEventListener("keydown", key, true);
}

function keep(form, page, x, y) {
  form.elements.page.value = page === "" ? "" : page - 1;
  form.elements.x.value = x;
  form.elements.y.value = y;
  const chip = found("pinned", form);
  chip.hidden = page === "";
  found("pinned-words", form).textContent = said(found("thread").dataset.saidPage, { p: page });
}

/** Names that begin as what follows the last @ before the cursor. */
function mention(area) {
  const form = area.form;
  const list = found("mentions", form);
  const typed = /(?:^|\s)@([^\s@]{0,30})$/.exec(area.value.slice(0, area.selectionStart));
  const boxes = [...form.querySelectorAll('[name="mentions"]')];
  const names = boxes.map((box) => [box, box.closest("label").textContent.trim()]);
  const like = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  const matching = typed ? names.filter(([, name]) => like(name).split(/[\s-]+/).some((part) => part.startsWith(like(typed[1])))) : [];
  list.hidden = !matching.length;
  list.replaceChildren(
    ...matching.slice(0, 6).map(([box, name], place) => {
      const option = document.createElement("button");
      option.type = "button";
      option.setAttribute("role", "option");
      option.setAttribute("aria-selected", String(place === 0));
      option.textContent = name;
      option.addEventListener("click", () => {
        const start = area.selectionStart - typed[1].length;
        area.setRangeText(`${name} `, start, area.selectionStart, "end");
        box.checked = true;
        list.hidden = true;
        area.focus();
      });
      return option;
    }),
  );
}

function start() {
  for (const form of document.querySelectorAll("[data-write]:not([data-ready])")) {
    form.dataset.ready = "yes";
    const button = found("pin", form);
    button.hidden = !viewer();
    button.addEventListener("click", () => choose(form));
    found("unpin", form).addEventListener("click", () => keep(form, "", "", ""));
    const area = form.querySelector("textarea");
    area.addEventListener("input", () => mention(area));
    area.addEventListener("keydown", (event) => {
      const list = found("mentions", form);
      if (list.hidden) return;
      if (event.key === "ArrowDown") list.querySelector("button").focus();
      else if (event.key === "Escape") list.hidden = true;
      else return;
      event.preventDefault();
    });
    found("mentions", form).addEventListener("keydown", (event) => {
      const at = document.activeElement;
      const next = { ArrowDown: at.nextElementSibling, ArrowUp: at.previousElementSibling ?? area, Escape: area }[event.key];
      if (!next) return;
      if (event.key === "Escape") found("mentions", form).hidden = true;
      event.preventDefault();
      next.focus();
    });
  }
  drawPins();
}

addEventListener("page-shown", (event) => {
  shown = event.detail.page;
  drawPins();
});
addEventListener("click", (event) => {
  const link = event.target.closest("[data-show-page]");
  if (!link || !viewer()) return;
  event.preventDefault();
  viewer().dispatchEvent(new CustomEvent("show-page", { detail: { page: Number(link.dataset.showPage) } }));
  viewer().scrollIntoView({ block: "nearest" });
});
addEventListener("htmx:load", start);
start();
