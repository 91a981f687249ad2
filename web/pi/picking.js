// Choosing digits by hand. The browser's own selection ends where the lines in view end; this one goes by positions:
// it stays whole when its lines have left the view, and what is chosen is what is copied.

const EDGE_SPEED = 0.3; // lines a frame for each line that the pointer is beyond the edge

export class Picking {
  /** picked(from, to) is called when the reader has chosen digits, with done = true once the button is up. */
  constructor(digits, picked) {
    Object.assign(this, { digits, picked });
    this.anchor = null;
    const { box } = digits;
    box.classList.add("picking");
    box.addEventListener("pointerdown", (event) => this.down(event));
    box.addEventListener("pointermove", (event) => this.move(event));
    box.addEventListener("pointerup", () => this.up());
    box.addEventListener("pointercancel", () => this.up());
    box.addEventListener("keydown", (event) => this.key(event));
  }

  down(event) {
    const at = this.digits.positionAt(event.clientX, event.clientY);
    if (event.button !== 0 || at === null) return;
    if (!event.shiftKey || this.anchor === null) this.anchor = at;
    this.choose(at);
    if (event.pointerType === "touch") return this.picked(...this.digits.chosen); // a finger that moves scrolls
    event.preventDefault();
    this.digits.box.focus({ preventScroll: true });
    this.digits.box.setPointerCapture(event.pointerId);
    this.dragging = true;
  }

  move(event) {
    if (!this.dragging) return;
    this.pointer = event;
    this.choose(this.digits.positionAt(event.clientX, event.clientY, { nearest: true }));
    this.frame ??= requestAnimationFrame(() => this.scroll());
  }

  /** While the pointer is held beyond an edge, lines come in from there. */
  scroll() {
    this.frame = null;
    if (!this.dragging) return;
    const { top, bottom } = this.digits.box.getBoundingClientRect();
    const beyond = Math.min(0, this.pointer.clientY - top) + Math.max(0, this.pointer.clientY - bottom);
    if (beyond === 0) return;
    this.digits.scroller.moveTo(this.digits.scroller.top + beyond * EDGE_SPEED);
    this.choose(this.digits.positionAt(this.pointer.clientX, this.pointer.clientY, { nearest: true }));
    this.frame = requestAnimationFrame(() => this.scroll());
  }

  up() {
    if (!this.dragging) return;
    this.dragging = false;
    this.picked(...this.digits.chosen);
  }

  key(event) {
    if (event.key === "Escape") return this.digits.choose(null);
    if (event.key !== "a" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    this.digits.choose([1, this.digits.limit]);
    this.picked(...this.digits.chosen);
  }

  choose(at) {
    this.digits.choose([Math.min(this.anchor, at), Math.max(this.anchor, at)]);
  }
}
