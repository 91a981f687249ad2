// A scrolled box over far more lines than a document can hold. Rules:
//
// 1. Only the lines in view exist. They lie in a sticky layer that never leaves the view, so even a fast
//    scroll shows lines (with digits yet to come), never an empty box.
// 2. Browsers limit an element's height: Firefox to 17.8 million px, Chromium and Safari to 33.5 million.
//    A spacer of at most TALLEST gives the box its scroll bar.
// 3. `top` (in px of the true, unlimited height) is the truth. A long move, as of the scroll bar's thumb, is
//    mapped by the ratio of both heights; a short one, as of a wheel or a key, moves `top` by as much as
//    was scrolled, and the scroll bar is set right once the reader rests.

const TALLEST = 15_000_000; // px
const REST = 150; // ms

export class Scroller {
  /** write(element, line) fills an element with a line; seen(first, last) tells which lines are in view. */
  constructor(box, { write, seen }) {
    Object.assign(this, { box, write, seen });
    this.spacer = box.appendChild(document.createElement("div"));
    this.spacer.className = "spacer";
    this.layer = this.spacer.appendChild(document.createElement("div"));
    this.layer.className = "layer";
    this.shown = new Map(); // line -> element
    this.lines = 0;
    this.top = 0;
    this.at = 0; // the box's scrollTop as last known
    box.addEventListener("scroll", () => this.scrolled());
  }

  /** Set how many lines there are, of `lineHeight` px each. */
  resize(lines, lineHeight) {
    Object.assign(this, { lines, lineHeight });
    this.spacer.style.height = `${Math.min(this.height, TALLEST)}px`;
    this.refresh();
    this.moveTo(this.top);
  }

  get height() {
    return this.lines * this.lineHeight;
  }

  get lowest() {
    return Math.max(0, this.height - this.box.clientHeight); // of `top`
  }

  get ratio() {
    const travel = Math.min(this.height, TALLEST) - this.box.clientHeight;
    return travel > 0 ? this.lowest / travel : 1;
  }

  /** Bring `line` to the middle of the box. */
  center(line) {
    this.moveTo((line + 0.5) * this.lineHeight - this.box.clientHeight / 2);
  }

  /** The line that is `y` px below the box's upper edge. */
  lineAt(y) {
    return Math.min(this.lines - 1, Math.floor((this.top + y) / this.lineHeight));
  }

  moveTo(top) {
    this.top = Math.min(Math.max(0, top), this.lowest);
    this.settle();
    this.draw();
  }

  scrolled() {
    const moved = this.box.scrollTop - this.at;
    if (moved === 0) return; // settle() did it
    this.at = this.box.scrollTop;
    const atEnd = this.at <= 0 || this.at >= this.box.scrollHeight - this.box.clientHeight - 1;
    const long = atEnd || this.ratio === 1 || Math.abs(moved) > 2 * this.box.clientHeight;
    this.top = Math.min(Math.max(0, long ? this.at * this.ratio : this.top + moved), this.lowest);
    clearTimeout(this.timer);
    if (!long) this.timer = setTimeout(() => this.settle(), REST);
    this.frame ??= requestAnimationFrame(() => this.draw());
  }

  settle() {
    clearTimeout(this.timer);
    this.box.scrollTop = this.top / this.ratio;
    this.at = this.box.scrollTop;
  }

  /** Write all lines in view anew at the next frame. */
  refresh() {
    this.outdated = true;
    this.frame ??= requestAnimationFrame(() => this.draw());
  }

  draw() {
    cancelAnimationFrame(this.frame);
    this.frame = null;
    const first = Math.floor(this.top / this.lineHeight);
    const last = Math.min(this.lines, Math.ceil((this.top + this.box.clientHeight) / this.lineHeight)) - 1;
    this.seen(first, last);
    for (const [line, element] of this.shown) {
      if (line < first || line > last) {
        element.remove();
        this.shown.delete(line);
      }
    }
    // The order of the elements is that of the lines: selecting and reading aloud follow it.
    let next = this.layer.firstElementChild;
    for (let line = first; line <= last; line++) {
      const element = this.shown.get(line) ?? this.make(line);
      if (this.outdated) this.write(element, line);
      if (element === next) next = next.nextElementSibling;
      else this.layer.insertBefore(element, next);
    }
    this.outdated = false;
    this.layer.style.transform = `translateY(${first * this.lineHeight - this.top}px)`;
  }

  make(line) {
    const element = document.createElement("div");
    element.className = "row";
    this.shown.set(line, element);
    if (!this.outdated) this.write(element, line);
    return element;
  }
}
