// Shows a PDF, page by page, with pdf.js: turn, enlarge, select, or read as text.
// What it needs stands in templates/parts/viewer.html; addresses and words come from there.

const RATIO = 1.25;

class Viewer {
  constructor(element) {
    this.element = element;
    element.hidden = false;
    this.single = "single" in element.dataset;
    this.whole = "whole" in element.dataset;
    this.number = Number(element.dataset.page || 1);
    this.zoom = 1;
    this.asText = false;
    this.turn = 0;
    this.part = (name) => element.querySelector(`[data-${name}]`);
    element.addEventListener("click", (event) => this.do(event.target.closest("[data-do]")?.dataset.do));
    element.addEventListener("show-page", (event) => this.go(event.detail.page));
    this.part("mat").addEventListener("keydown", (event) => this.key(event));
    let width = 0;
    new ResizeObserver(([entry]) => {
      const now = Math.round(entry.contentRect.width);
      if (this.file && width && now !== width) this.show();
      width = now;
    }).observe(this.part("mat"));
    this.open();
  }

  async open() {
    this.state("wait");
    try {
      const { pdfjs: place, src } = this.element.dataset;
      const base = new URL(place, location.href).href;
      this.pdfjs = await import(`${base}pdf.min.mjs`);
      this.pdfjs.GlobalWorkerOptions.workerSrc = `${base}pdf.worker.min.mjs`;
      this.file = await this.pdfjs.getDocument({
        url: src,
        isEvalSupported: false,
        useWasm: false,
        wasmUrl: `${base}wasm/`,
        cMapUrl: `${base}cmaps/`,
        standardFontDataUrl: `${base}standard_fonts/`,
        disableAutoFetch: !this.whole,
        disableStream: this.whole,
        disableRange: this.whole,
        enableXfa: false,
      }).promise;
      this.number = Math.min(Math.max(this.number, 1), this.file.numPages);
      this.element.querySelector(".t-tools").hidden = false;
      await this.show();
      if (this.whole) await this.warm();
    } catch (failure) {
      console.warn("The document could not be shown.", failure.name);
      this.state("failed");
    }
  }

  /** Have pdf.js fetch what each page needs besides the file: letters that it does not carry, tables of characters. */
  async warm() {
    await this.file.getData();
    for (let number = 1; number <= this.file.numPages; number += 1) {
      const page = await this.file.getPage(number);
      await page.getOperatorList();
    }
    this.element.dispatchEvent(new CustomEvent("whole-document", { bubbles: true }));
  }

  /** One of: wait, paper, text, failed. */
  state(name) {
    for (const part of ["wait", "paper", "text", "failed"]) this.part(part).hidden = part !== name;
    this.element.setAttribute("aria-busy", String(name === "wait"));
  }

  async show() {
    const turn = ++this.turn;
    const page = await this.file.getPage(this.number);
    const content = await page.getTextContent();
    if (turn !== this.turn) return;
    this.count();
    this.part("text").replaceChildren(...this.paragraphs(content.items));
    this.state(this.asText ? "text" : "paper");
    if (this.asText) {
      this.part("text").style.setProperty("font-size", `${1.25 * this.zoom}rem`);
    } else {
      await this.draw(page, content, turn);
    }
    this.element.dispatchEvent(new CustomEvent("page-shown", { bubbles: true, detail: { page: this.number, pages: this.file.numPages, viewport: this.asText ? null : this.viewport } }));
  }

  async draw(page, content, turn) {
    const mat = this.part("mat");
    const inner = getComputedStyle(mat);
    const room = mat.clientWidth - parseFloat(inner.paddingLeft) - parseFloat(inner.paddingRight);
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    const width = Math.min(room, 46 * rem) * this.zoom;
    const natural = page.getViewport({ scale: 1 });
    const viewport = page.getViewport({ scale: width / natural.width });
    this.viewport = viewport;
    const paper = this.part("paper");
    paper.style.setProperty("width", `${viewport.width}px`);
    paper.style.setProperty("max-width", "none");
    // As sharp as the screen, as long as an old phone's memory allows: at most 12 million dots.
    const sharp = Math.min(devicePixelRatio || 1, Math.sqrt(12e6 / (viewport.width * viewport.height)));
    const drawn = document.createElement("canvas");
    drawn.width = Math.round(viewport.width * sharp);
    drawn.height = Math.round(viewport.height * sharp);
    this.drawing?.cancel();
    this.drawing = page.render({ canvas: drawn, viewport, transform: [sharp, 0, 0, sharp, 0, 0] });
    try {
      await this.drawing.promise;
    } catch (failure) {
      if (failure.name === "RenderingCancelledException") return;
      throw failure;
    }
    if (turn !== this.turn) return;
    drawn.dataset.canvas = "";
    drawn.setAttribute("aria-hidden", "true");
    this.part("canvas").replaceWith(drawn);
    const layer = this.part("layer");
    layer.replaceChildren();
    layer.style.setProperty("--total-scale-factor", String(viewport.scale));
    layer.style.setProperty("--text-scale-factor", String(viewport.scale));
    await new this.pdfjs.TextLayer({ textContentSource: content, container: layer, viewport }).render();
    // Set by pdf.js for its own style sheet; ours lays the layer over the whole paper.
    for (const name of ["width", "height"]) layer.style.removeProperty(name);
  }

  /** The page's words as paragraphs: a new one where the gap between two lines is wider than usual. */
  paragraphs(items) {
    const lines = [];
    for (const item of items) {
      if (typeof item.str !== "string") continue;
      const bottom = item.transform[5];
      const height = item.height || lines.at(-1)?.height || 10;
      const last = lines.at(-1);
      if (last && Math.abs(last.bottom - bottom) < height * 0.4) last.text += item.str;
      else if (item.str.trim()) lines.push({ text: item.str, bottom, height });
      if (item.hasEOL && lines.length) lines.at(-1).text += " ";
    }
    const heights = lines.map((line) => line.height).sort((a, b) => a - b);
    const usual = heights[Math.floor(heights.length / 2)] || 10;
    const found = [];
    let before = null;
    for (const line of lines) {
      const gap = before ? before.bottom - line.bottom : Infinity;
      const large = line.height > usual * 1.2;
      if (before && !large && !before.large && gap > 0 && gap < usual * 1.9) found.at(-1).textContent += ` ${line.text.trim()}`;
      else {
        const element = document.createElement(large ? "h2" : "p");
        element.textContent = line.text.trim();
        found.push(element);
      }
      before = { ...line, large };
    }
    if (found.length) return found;
    const nothing = document.createElement("p");
    nothing.textContent = this.element.dataset.saidScan;
    return [nothing];
  }

  count() {
    const { saidPage } = this.element.dataset;
    const count = this.part("count");
    if (!count) return;
    count.textContent = saidPage.replace("{p}", this.number).replace("{n}", this.file.numPages);
    this.element.querySelector('[data-do="previous"]').disabled = this.number === 1;
    this.element.querySelector('[data-do="next"]').disabled = this.number === this.file.numPages;
  }

  go(number) {
    if (this.single || !this.file || number < 1 || number > this.file.numPages) return;
    this.number = number;
    this.part("mat").scrollTo(0, 0);
    this.show();
  }

  do(what) {
    if (what === "again") this.open();
    if (!this.file) return;
    if (what === "previous") this.go(this.number - 1);
    if (what === "next") this.go(this.number + 1);
    if (what === "larger" || what === "smaller") {
      this.zoom = Math.min(4, Math.max(0.64, this.zoom * (what === "larger" ? RATIO : 1 / RATIO)));
      this.show();
    }
    if (what === "text") {
      this.asText = !this.asText;
      this.element.querySelector('[data-do="text"]').setAttribute("aria-pressed", String(this.asText));
      this.show();
    }
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const keys = {
      PageDown: () => this.go(this.number + 1),
      PageUp: () => this.go(this.number - 1),
      ArrowRight: () => this.go(this.number + 1),
      ArrowLeft: () => this.go(this.number - 1),
      Home: () => this.go(1),
      End: () => this.go(this.file?.numPages ?? 1),
      "+": () => this.do("larger"),
      "-": () => this.do("smaller"),
    };
    if (this.zoom > 1 && event.key.startsWith("Arrow")) return;
    if (!keys[event.key] || (this.single && !"+-".includes(event.key))) return;
    event.preventDefault();
    keys[event.key]();
  }
}

function start(root) {
  for (const element of root.querySelectorAll("[data-viewer]:not([aria-busy])")) new Viewer(element);
}

start(document);
addEventListener("htmx:load", (event) => start(event.target));
