// The reader's hand on the walk: drag, click, keys, Ctrl and wheel (which two fingers on a pad send, too). A wheel alone scrolls the page.

export const ZOOM = 1.6; // of a button or a key
const REACH = 12; // px around a click in which a point counts as hit
const STILL = 4; // px that a hand may tremble in a click
const PAN = 40; // px of an arrow key
const ARROWS = { ArrowLeft: [PAN, 0], ArrowRight: [-PAN, 0], ArrowUp: [0, PAN], ArrowDown: [0, -PAN] };

export class Hand {
  /** send(name, values) is told what is wanted: pan, zoom, fit, find; lengths are in pixels of the screen. */
  constructor(canvas, send) {
    Object.assign(this, { canvas, send });
    canvas.addEventListener("pointerdown", (event) => this.down(event));
    canvas.addEventListener("pointermove", (event) => this.move(event));
    canvas.addEventListener("pointerup", (event) => this.up(event));
    canvas.addEventListener("pointercancel", () => (this.grip = null));
    canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    canvas.addEventListener("keydown", (event) => this.key(event));
  }

  down(event) {
    if (event.button !== 0) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.grip = { x: event.clientX, y: event.clientY, still: true };
  }

  move({ clientX, clientY }) {
    const { grip } = this;
    if (!grip) return;
    const [dx, dy] = [clientX - grip.x, clientY - grip.y];
    if (grip.still && Math.hypot(dx, dy) < STILL) return;
    this.grip = { x: clientX, y: clientY, still: false };
    this.pan(dx, dy);
  }

  up(event) {
    if (this.grip?.still) this.send("find", { ...this.point(event), reach: REACH * devicePixelRatio });
    this.grip = null;
  }

  wheel(event) {
    if (!event.ctrlKey) return;
    event.preventDefault();
    this.zoom(Math.exp(-event.deltaY / 200), this.point(event));
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (ARROWS[event.key]) this.pan(...ARROWS[event.key]);
    else if (event.key === "+" || event.key === "=") this.zoom(ZOOM);
    else if (event.key === "-") this.zoom(1 / ZOOM);
    else if (event.key === "0") this.send("fit");
    else return;
    event.preventDefault();
  }

  pan(dx, dy) {
    this.send("pan", { dx: dx * devicePixelRatio, dy: dy * devicePixelRatio });
  }

  /** Zoom about a point, or the middle. */
  zoom(factor, point = null) {
    const { width, height } = this.canvas.getBoundingClientRect();
    const { x, y } = point ?? { x: (width * devicePixelRatio) / 2, y: (height * devicePixelRatio) / 2 };
    this.send("zoom", { factor, x, y });
  }

  point({ clientX, clientY }) {
    const { left, top } = this.canvas.getBoundingClientRect();
    return { x: (clientX - left) * devicePixelRatio, y: (clientY - top) * devicePixelRatio };
  }
}
