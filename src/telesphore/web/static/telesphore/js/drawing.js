// A signature drawn by hand, for those who like to: decoration only, the form works without it.

const INK = "#1c3f94";

class Drawing {
  constructor(element) {
    element.hidden = false;
    this.canvas = element.querySelector("canvas");
    this.input = element.querySelector("input");
    this.undo = element.querySelector("[data-undo]");
    this.clear = element.querySelector("[data-clear]");
    this.strokes = [];
    this.canvas.addEventListener("pointerdown", (event) => this.begin(event));
    this.canvas.addEventListener("pointermove", (event) => this.go(event));
    for (const name of ["pointerup", "pointercancel"]) this.canvas.addEventListener(name, () => this.end());
    this.undo.addEventListener("click", () => this.keep(this.strokes.slice(0, -1)));
    this.clear.addEventListener("click", () => this.keep([]));
    new ResizeObserver(() => this.draw()).observe(this.canvas);
  }

  /** Strokes are kept as shares of the canvas, so that turning the phone keeps the drawing. */
  point(event) {
    const box = this.canvas.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  }

  begin(event) {
    if (event.button !== 0) return;
    event.preventDefault();
    this.canvas.setPointerCapture(event.pointerId);
    this.stroke = [this.point(event)];
    this.strokes.push(this.stroke);
    this.draw();
  }

  go(event) {
    if (!this.stroke || this.stroke.length > 5000) return;
    for (const part of event.getCoalescedEvents?.() ?? [event]) this.stroke.push(this.point(part));
    this.draw();
  }

  end() {
    if (!this.stroke) return;
    this.stroke = null;
    this.keep(this.strokes);
  }

  keep(strokes) {
    this.strokes = strokes;
    this.undo.disabled = this.clear.disabled = !strokes.length;
    this.draw();
    this.input.value = strokes.length ? this.picture() : "";
  }

  draw() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const sharp = devicePixelRatio || 1;
    this.canvas.width = width * sharp;
    this.canvas.height = height * sharp;
    trace(this.canvas, this.strokes);
  }

  /** A PNG of fixed size, small enough for the form whatever the screen. */
  picture() {
    const picture = document.createElement("canvas");
    picture.width = 680;
    picture.height = Math.min(400, Math.round((680 * this.canvas.clientHeight) / this.canvas.clientWidth));
    trace(picture, this.strokes);
    return picture.toDataURL("image/png");
  }
}

function trace(canvas, strokes) {
  const pen = canvas.getContext("2d");
  const { width, height } = canvas;
  pen.lineWidth = Math.max(2, width / 150);
  pen.lineCap = pen.lineJoin = "round";
  pen.strokeStyle = pen.fillStyle = INK;
  for (const stroke of strokes) {
    pen.beginPath();
    if (stroke.length === 1) {
      pen.arc(stroke[0][0] * width, stroke[0][1] * height, pen.lineWidth / 2, 0, 7);
      pen.fill();
      continue;
    }
    stroke.forEach(([x, y], index) => {
      if (index === 0) pen.moveTo(x * width, y * height);
      else {
        const [px, py] = stroke[index - 1];
        pen.quadraticCurveTo(px * width, py * height, ((px + x) / 2) * width, ((py + y) / 2) * height);
      }
    });
    pen.stroke();
  }
}

for (const element of document.querySelectorAll("[data-drawing]")) new Drawing(element);
