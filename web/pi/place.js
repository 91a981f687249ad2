// The place in the address: `#762` is a position, `#762-767` a run of digits. Rules:
//
// 1. A page opens there, centred and marked; so it does when the address changes.
// 2. The address follows the view: while the chosen digits are in view it names them, else the middle of the view.
// 3. It is written once the reader rests: browsers limit how often it may change.

const REST = 250; // ms

/** [from, to] of an address's hash, or null. */
export function readPlace(hash) {
  const found = /^#(\d{1,15})(?:-(\d{1,15}))?$/.exec(hash);
  if (!found) return null;
  const [from, to] = [Number(found[1]), Number(found[2] ?? found[1])];
  return from >= 1 && from <= to ? [from, to] : null;
}

const write = ([from, to]) => (from === to ? `#${from}` : `#${from}-${to}`);

export class Place {
  constructor(digits) {
    this.digits = digits;
    this.wanted = readPlace(location.hash); // until its digits are there
    addEventListener("hashchange", () => {
      this.wanted = readPlace(location.hash);
      this.open();
    });
  }

  /** Go where the address says, if its digits are there. */
  open() {
    if (this.wanted === null || this.wanted[0] > this.digits.limit) return;
    const [from, to] = this.wanted;
    this.wanted = null;
    this.digits.choose([from, Math.min(to, this.digits.limit)]);
    this.digits.go(from);
    this.digits.box.scrollIntoView({ block: "nearest" });
  }

  /** The view has moved, or other digits were chosen. */
  moved() {
    clearTimeout(this.timer);
    if (this.wanted === null) this.timer = setTimeout(() => this.follow(), REST);
  }

  follow() {
    const { chosen, scroller } = this.digits;
    const named = chosen && this.digits.shows(...chosen);
    const hash = named ? write(chosen) : scroller.top > 0 ? `#${this.digits.middle}` : "";
    document.querySelector(".language").hash = hash;
    if (hash === location.hash) return;
    history.replaceState(history.state, "", location.pathname + location.search + hash);
  }
}
