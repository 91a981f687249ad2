// The reader's hand on the walk: drag, click, two fingers, keys, Ctrl and wheel (which two fingers on a pad send, too). A
// wheel alone scrolls the page.

export const ZOOM = 1.6; // of a button or a key
const REACH = 12; // px around a click in which a point counts as hit
const STILL = 4; // px that a hand may tremble in a click
const PAN = 40; // px of an arrow key
const ARROWS = { ArrowLeft: [PAN, 0], ArrowRight: [-PAN, 0], ArrowUp: [0, PAN], ArrowDown: [0, -PAN] };

export class Hand {
  /** send(name, values) is told what is wanted: pan, zoom, fit, find; lengths are in pixels of the screen. */
  constructor(canvas, send) {
    Object.assign(this, { canvas, send, fingers: new Map(), still: false });
    this.hold(false);
    canvas.addEventListener("pointerdown", (event) => this.down(event));
    canvas.addEventListener("pointermove", (event) => this.move(event));
    canvas.addEventListener("pointerup", (event) => this.up(event));
    canvas.addEventListener("pointercancel", ({ pointerId }) => this.fingers.delete(pointerId));
    canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    canvas.addEventListener("keydown", (event) => this.key(event));
  }

  /** Whether a finger moves the picture: the whole one has nothing to move to, there it scrolls the page. */
  hold(held) {
    this.canvas.toggleAttribute("data-held", held);
  }

  down(event) {
    if (event.button !== 0) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.still = this.fingers.size === 0;
    this.fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
  }

  move({ pointerId, clientX, clientY }) {
    const from = this.fingers.get(pointerId);
    if (!from || (this.still && Math.hypot(clientX - from.x, clientY - from.y) < STILL)) return;
    this.still = false;
    const before = this.grip;
    this.fingers.set(pointerId, { x: clientX, y: clientY });
    const { x, y, span } = this.grip;
    this.pan(x - before.x, y - before.y);
    if (before.span) this.zoom(span / before.span, this.point({ clientX: x, clientY: y }));
  }

  /** The middle between the fingers, and how far they are apart. */
  get grip() {
    const [one, other = one] = this.fingers.values();
    const span = Math.hypot(one.x - other.x, one.y - other.y);
    return { x: (one.x + other.x) / 2, y: (one.y + other.y) / 2, span };
  }

  up(event) {
    this.fingers.delete(event.pointerId);
    if (this.still) this.send("find", { ...this.point(event), reach: REACH * devicePixelRatio });
    this.still = false;
  }

  /** The whole picture again. */
  fit() {
    this.hold(false);
    this.send("fit");
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
    else if (event.key === "0") this.fit();
    else return;
    event.preventDefault();
  }

  pan(dx, dy) {
    this.send("pan", { dx: dx * devicePixelRatio, dy: dy * devicePixelRatio });
  }

  /** Zoom about a point, or the middle. */
  zoom(factor, point = null) {
    this.hold(true);
    const { width, height } = this.canvas.getBoundingClientRect();
    const { x, y } = point ?? { x: (width * devicePixelRatio) / 2, y: (height * devicePixelRatio) / 2 };
    this.send("zoom", { factor, x, y });
  }

  point({ clientX, clientY }) {
    const { left, top } = this.canvas.getBoundingClientRect();
    return { x: (clientX - left) * devicePixelRatio, y: (clientY - top) * devicePixelRatio };
  }
}
