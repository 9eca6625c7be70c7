// Places fields on the pages that viewer.js shows. What is true stands in the forms beside the pages: a box on a page
// is one of them drawn, and moving it writes there; without this script the forms serve alone.

const GRID = 4;
const NEAR = 5;
const APART = 12;
const SIZES = {
  signature: [192, 56], initials: [60, 20], name: [192, 20], date: [112, 20], text: [220, 20], checkbox: [14, 14],
  choice: [172, 20],
};
const LEAST = { signature: [20, 12], checkbox: [12, 12] };
const KEPT = 100;

const numbers = ["part", "page", "across", "up", "width", "height"];
const round = (value) => Math.round(value * 100) / 100;

class Row {
  constructor(element) {
    this.element = element;
    this.number = element.querySelector("[name$=-kind]").name.split("-")[1];
  }

  control(name) {
    return this.element.querySelector(`[name$="-${this.number}-${name}"]`);
  }

  get(name) {
    const { value } = this.control(name);
    return numbers.includes(name) ? Number(value) : value;
  }

  set(values) {
    for (const [name, value] of Object.entries(values)) this.control(name).value = numbers.includes(name) ? round(value) : value;
  }

  get gone() {
    return this.control("DELETE").checked;
  }

  word(name) {
    const control = this.control(name);
    return control.selectedOptions[0]?.textContent.trim() ?? "";
  }
}

class Editor {
  constructor(form) {
    this.form = form;
    this.part = (name) => form.querySelector(`[data-${name}]`);
    this.part("tools").hidden = false;
    this.total = form.querySelector("[name=f-TOTAL_FORMS]");
    this.shown = new Map();
    this.past = [];
    for (const element of form.querySelectorAll("[data-row]")) this.adopt(element);
    form.addEventListener("focusin", (event) => {
      if (event.target.closest("[data-row]")) this.before = this.state();
    });
    form.addEventListener("change", (event) => {
      if (!event.target.closest("[data-row]")) return;
      if (this.before) this.remember(this.before);
      this.before = this.state();
      this.draw();
    });
    this.part("put").addEventListener("click", () => this.putOnPage());
    this.part("undo").addEventListener("click", () => this.undo());
    document.addEventListener("keydown", (event) => {
      const typing = event.target.closest("input, textarea, select");
      if ((event.ctrlKey || event.metaKey) && event.key === "z" && !typing) {
        event.preventDefault();
        this.undo();
      }
    });
    for (const section of document.querySelectorAll("[data-part]")) {
      section.addEventListener("page-shown", (event) => this.show(section, event.detail));
    }
    addEventListener("beforeunload", (event) => {
      if (this.past.length && !this.sending) event.preventDefault();
    });
    form.addEventListener("submit", () => (this.sending = true));
    this.draw();
  }

  rows() {
    return [...this.form.querySelectorAll("[data-rows] > [data-row]")].map((element) => new Row(element));
  }

  adopt(element) {
    const remove = element.querySelector("[data-remove]");
    remove.hidden = false;
    element.querySelector("[data-delete]").hidden = true;
    remove.addEventListener("click", () => this.remove(new Row(element)));
  }

  state() {
    return this.rows().map((row) =>
      [...row.element.querySelectorAll("input, select, textarea")].map((one) => (one.type === "checkbox" ? one.checked : one.value)),
    );
  }

  remember(state = this.state()) {
    this.past.push(state);
    if (this.past.length > KEPT) this.past.shift();
    this.part("undo").disabled = false;
  }

  undo() {
    const state = this.past.pop();
    if (!state) return;
    const rows = this.rows();
    rows.forEach((row, place) => {
      // What came since is marked as gone: the numbers of the others stay as they are.
      if (!state[place]) row.control("DELETE").checked = true;
      else {
        [...row.element.querySelectorAll("input, select, textarea")].forEach((one, index) => {
          if (one.type === "checkbox") one.checked = state[place][index];
          else one.value = state[place][index];
        });
      }
    });
    this.part("undo").disabled = !this.past.length;
    this.say(this.form.dataset.saidUndone);
    this.draw();
  }

  say(text) {
    this.part("say").textContent = text;
  }

  show(section, { page, viewport }) {
    if (!viewport) return;
    let layer = section.querySelector(".f-layer");
    const paper = section.querySelector("[data-paper]");
    if (!layer) {
      layer = document.createElement("div");
      layer.className = "f-layer";
      paper.append(layer);
      layer.addEventListener("click", (event) => this.click(section, event));
    }
    this.shown.set(Number(section.dataset.part), { section, layer, page, viewport });
    this.last ??= Number(section.dataset.part);
    this.draw();
  }

  /** Left, foot, right, top of the page, in points. */
  edges(view) {
    return view.viewport.viewBox;
  }

  click(section, event) {
    if (event.target !== event.currentTarget || this.dragged) return;
    const view = this.shown.get(Number(section.dataset.part));
    const box = view.layer.getBoundingClientRect();
    const scale = view.viewport.width / box.width;
    const [x, y] = view.viewport.convertToPdfPoint((event.clientX - box.left) * scale, (event.clientY - box.top) * scale);
    this.put(view, x, y);
  }

  putOnPage() {
    const view = this.shown.get(this.last) ?? [...this.shown.values()][0];
    if (!view) return;
    const [left, foot, right, top] = this.edges(view);
    const middle = (left + right) / 2;
    this.put(view, middle, this.free(view, middle, (foot + top) / 2, foot));
  }

  /** How far up a new field may have its middle, at or under `start`, without lying on another; `start` when none is. */
  free(view, x, start, foot) {
    const [width, height] = SIZES[this.part("what").value];
    const part = Number(view.section.dataset.part);
    const others = this.rows()
      .filter((one) => !one.gone && one.get("part") === part && one.get("page") === view.page)
      .map((one) => Object.fromEntries(numbers.map((name) => [name, one.get(name)])));
    for (let y = start; y - height / 2 - NEAR >= foot; y -= GRID) {
      const taken = others.some(
        (one) =>
          Math.abs(one.across + one.width / 2 - x) < (one.width + width) / 2 + APART &&
          Math.abs(one.up + one.height / 2 - y) < (one.height + height) / 2 + APART,
      );
      if (!taken) return y;
    }
    return start;
  }

  /** A new field whose middle is there. */
  put(view, x, y) {
    this.remember();
    const kind = this.part("what").value;
    const [width, height] = SIZES[kind];
    const number = Number(this.total.value);
    const element = this.part("new").content.firstElementChild.cloneNode(true);
    for (const one of [element, ...element.querySelectorAll("*")]) {
      for (const attribute of one.attributes) attribute.value = attribute.value.replaceAll("__prefix__", number);
    }
    this.form.querySelector("[data-rows]").append(element);
    this.total.value = number + 1;
    this.adopt(element);
    const row = new Row(element);
    row.set({ kind, party: this.part("who").value, part: Number(view.section.dataset.part), page: view.page });
    this.place(row, view, { across: x - width / 2, up: y - height / 2, width, height });
    this.draw();
    this.boxOf(row)?.focus();
    this.say(element.querySelector("[data-name]").textContent);
  }

  /** Write where a field is: on the grid, beside others where it nearly is, and inside the page. */
  place(row, view, { across, up, width, height }, fine = false) {
    const [left, foot, right, top] = this.edges(view);
    const [narrow, low] = LEAST[row.get("kind")] ?? [12, 10];
    width = Math.min(Math.max(width, narrow), right - left);
    height = Math.min(Math.max(height, low), top - foot);
    if (!fine) {
      const others = this.rows().filter(
        (one) => !one.gone && one.number !== row.number && one.get("part") === row.get("part") && one.get("page") === row.get("page"),
      );
      across = snapped(across, width, others.map((one) => [one.get("across"), one.get("width")]));
      up = snapped(up, height, others.map((one) => [one.get("up"), one.get("height")]));
    }
    across = Math.min(Math.max(across, left), right - width);
    up = Math.min(Math.max(up, foot), top - height);
    row.set({ across, up, width, height });
  }

  remove(row) {
    this.remember();
    row.control("DELETE").checked = true;
    this.say(this.form.dataset.saidRemoved);
    this.draw();
    this.part("put").focus();
  }

  boxOf(row) {
    return document.querySelector(`.f-box[data-row-number="${row.number}"]`);
  }

  name(row) {
    const { said } = this.form.dataset;
    const label = row.get("label");
    const kind = label ? `${row.word("kind")} (${label})` : row.word("kind");
    return said.replace("{kind}", kind).replace("{party}", row.word("party")).replace("{page}", row.get("page"));
  }

  draw() {
    const rows = this.rows();
    let left = 0;
    for (const row of rows) {
      row.element.hidden = row.gone;
      if (row.gone) {
        this.boxOf(row)?.remove();
        continue;
      }
      left += 1;
      const kind = row.get("kind");
      row.element.querySelector("[data-name]").textContent = this.name(row);
      row.element.querySelector("[data-only]").hidden = kind !== "choice";
      row.element.querySelector("[data-not]").hidden = kind === "signature";
      this.drawBox(row);
    }
    this.part("none").hidden = left > 0;
  }

  drawBox(row) {
    const view = this.shown.get(row.get("part"));
    let box = this.boxOf(row);
    if (!view || view.page !== row.get("page")) {
      box?.remove();
      return;
    }
    if (box?.parentElement !== view.layer) {
      box?.remove();
      box = this.newBox(row);
      view.layer.append(box);
    }
    const { across, up, width, height } = Object.fromEntries(numbers.map((name) => [name, row.get(name)]));
    const [x1, y1, x2, y2] = view.viewport.convertToViewportRectangle([across, up, across + width, up + height]);
    const shares = { left: [Math.min(x1, x2), "width"], top: [Math.min(y1, y2), "height"], width: [Math.abs(x2 - x1), "width"], height: [Math.abs(y2 - y1), "height"] };
    for (const [name, [value, of]] of Object.entries(shares)) box.style.setProperty(name, `${(100 * value) / view.viewport[of]}%`);
    box.dataset.party = [...this.part("who").options].findIndex((one) => one.value === row.control("party").value) % 4;
    box.querySelector(".f-word").textContent = row.get("label") || row.word("kind");
    const place = this.form.dataset.saidPlace.replace("{left}", Math.round(across)).replace("{up}", Math.round(up));
    box.setAttribute("aria-label", `${this.name(row)}, ${place}`);
  }

  newBox(row) {
    const box = document.createElement("button");
    box.type = "button";
    box.className = "f-box";
    box.dataset.rowNumber = row.number;
    const word = document.createElement("span");
    word.className = "f-word";
    const grip = document.createElement("span");
    grip.className = "f-grip";
    box.append(word, grip);
    box.addEventListener("pointerdown", (event) => this.drag(event, row, event.target === grip));
    box.addEventListener("keydown", (event) => this.key(event, row));
    box.addEventListener("focus", () => (this.last = row.get("part")));
    return box;
  }

  drag(event, row, sizing) {
    if (event.button !== 0) return;
    const view = this.shown.get(row.get("part"));
    const box = this.boxOf(row);
    box.setPointerCapture(event.pointerId);
    const before = this.state();
    const from = Object.fromEntries(numbers.map((name) => [name, row.get(name)]));
    const whole = view.layer.getBoundingClientRect();
    const scale = view.viewport.width / whole.width;
    const point = (one) => view.viewport.convertToPdfPoint((one.clientX - whole.left) * scale, (one.clientY - whole.top) * scale);
    const [x, y] = point(event);
    let moved = false;
    const move = (one) => {
      const [nowX, nowY] = point(one);
      const [dx, dy] = [nowX - x, nowY - y];
      if (!moved && Math.hypot(dx, dy) < 3) return;
      moved = true;
      if (sizing) {
        // The corner below on the right is held; the opposite one stays.
        const width = Math.round((from.width + dx) / GRID) * GRID;
        const height = Math.round((from.height - dy) / GRID) * GRID;
        const [narrow, low] = LEAST[row.get("kind")] ?? [12, 10];
        const tall = Math.max(height, low);
        this.place(row, view, { across: from.across, up: from.up + from.height - tall, width: Math.max(width, narrow), height: tall }, true);
      } else this.place(row, view, { ...from, across: from.across + dx, up: from.up + dy });
      this.drawBox(row);
    };
    const end = () => {
      box.removeEventListener("pointermove", move);
      for (const name of ["pointerup", "pointercancel"]) box.removeEventListener(name, end);
      if (!moved) return;
      this.remember(before);
      // The click that ends a drag places nothing.
      this.dragged = true;
      setTimeout(() => (this.dragged = false));
      this.draw();
    };
    box.addEventListener("pointermove", move);
    for (const name of ["pointerup", "pointercancel"]) box.addEventListener(name, end);
  }

  key(event, row) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = event.shiftKey ? 1 : GRID;
    const changes = {
      ArrowLeft: { across: -step }, ArrowRight: { across: step }, ArrowUp: { up: step }, ArrowDown: { up: -step },
      "+": { width: GRID, height: GRID / 2 }, "=": { width: GRID, height: GRID / 2 }, "-": { width: -GRID, height: -GRID / 2 },
    };
    const change = changes[event.key];
    if (!change && !["Delete", "Backspace", "Enter"].includes(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.key === "Enter") {
      row.element.open = true;
      row.control("label").focus();
      return;
    }
    if (!change) {
      this.remove(row);
      return;
    }
    this.remember();
    const now = Object.fromEntries(numbers.map((name) => [name, row.get(name)]));
    for (const [name, by] of Object.entries(change)) now[name] += by;
    this.place(row, this.shown.get(row.get("part")), now, true);
    this.draw();
  }
}

/** A place of this size: on the grid, or with an edge or a middle where another's is. */
function snapped(start, size, others) {
  let best = Math.round(start / GRID) * GRID;
  let nearest = NEAR;
  for (const [from, length] of others) {
    for (const [mine, theirs] of [[0, 0], [size, length], [0, length], [size, 0], [size / 2, length / 2]]) {
      const wanted = from + theirs - mine;
      if (Math.abs(wanted - start) < nearest) [best, nearest] = [wanted, Math.abs(wanted - start)];
    }
  }
  return best;
}

for (const form of document.querySelectorAll("[data-editor]")) new Editor(form);
