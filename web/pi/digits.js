// Pi as a person can look at it: groups of ten, each line with the position of its first digit. Marked are the n-th
// digit (nth), what the reader has chosen or found (aim), and every hit of the search in view (hit).

import { group, Marks } from "./marks.js";
import { Scroller } from "./scroller.js";
import { number } from "../text.js";
import { Windows } from "./windows.js";

const GROUP = 10;
const GROUPS_A_LINE = [10, 5, 2, 1]; // so that a line begins at 1, 101, 201 or at least at 1, 11, 21

export class Digits {
  /**
   * Fills `box`; failed(error) is called when digits could not be loaded, arrived() when they were, moved() when
   * others are in view or chosen.
   */
  constructor(box, { failed, arrived, moved }) {
    this.box = box;
    this.moved = moved;
    this.marks = new Marks();
    this.windows = new Windows({
      failed,
      changed: () => {
        arrived();
        this.scroller.refresh();
      },
    });
    box.replaceChildren();
    this.scroller = new Scroller(box, {
      write: (element, line) => this.write(element, line),
      seen: (first, last) => this.look(first, last),
    });
    new ResizeObserver(() => this.limit && this.measure()).observe(box);
  }

  get limit() {
    return this.windows.limit;
  }

  /** Show the positions 1..limit. */
  show(limit) {
    this.windows.limit = limit;
    this.box.hidden = limit === 0;
    if (limit) this.measure();
  }

  /** Lay the lines out for the width there is, keeping the first position in view. */
  measure() {
    const position = this.first;
    this.box.style.setProperty("--gutter", `${number(this.limit).length}ch`);
    const probe = this.box.appendChild(document.createElement("div"));
    probe.className = "row";
    this.fill(probe, this.limit, "0".repeat(GROUP));
    const [gutter, group] = [...probe.children].map((part) => part.getBoundingClientRect().width);
    const gap = Number.parseFloat(getComputedStyle(probe).columnGap);
    const room = probe.clientWidth - gutter;
    const lineHeight = probe.getBoundingClientRect().height;
    probe.remove();
    this.perLine = GROUP * (GROUPS_A_LINE.find((count) => count * (group + gap) <= room) ?? 1);
    const same = this.scroller.lineHeight === lineHeight && this.laidOut === this.perLine;
    this.laidOut = this.perLine;
    this.scroller.resize(Math.ceil(this.limit / this.perLine), lineHeight);
    if (position > 1 && !same) this.scroller.moveTo(Math.floor((position - 1) / this.perLine) * lineHeight);
  }

  /** The position of the first digit of the first line that is wholly in view. */
  get first() {
    if (!this.perLine) return 1;
    return Math.ceil(this.scroller.top / this.scroller.lineHeight) * this.perLine + 1;
  }

  /** Bring a position into view. */
  go(position) {
    this.scroller.center(Math.floor((position - 1) / this.perLine));
  }

  /** The first position of the line in the middle of the view. */
  get middle() {
    return this.scroller.lineAt(this.box.clientHeight / 2) * this.perLine + 1;
  }

  /** Whether any of the positions from..to is in view. */
  shows(from, to) {
    const first = this.scroller.lineAt(0) * this.perLine + 1;
    return from < (this.scroller.lineAt(this.box.clientHeight - 1) + 1) * this.perLine + 1 && to >= first;
  }

  /** The position at a point of the window; null beside the digits, unless the `nearest` is wanted. */
  positionAt(x, y, { nearest = false } = {}) {
    const groups = [...(this.box.querySelector(".row")?.children ?? [])].slice(1);
    const { top } = this.box.getBoundingClientRect();
    if (groups.length === 0) return null;
    const spans = groups.map((group) => group.getBoundingClientRect());
    const index = spans.findIndex(({ right }) => x < right);
    const { left, width } = spans.at(index);
    if (!nearest && (index < 0 || x < spans[0].left)) return null;
    const column = index < 0 ? this.perLine - 1 : index * GROUP + Math.floor(((x - left) / width) * GROUP);
    const line = this.scroller.lineAt(Math.min(Math.max(0, y - top), this.box.clientHeight - 1));
    const position = line * this.perLine + Math.min(Math.max(0, column), this.perLine - 1) + 1;
    return position <= this.limit || nearest ? Math.min(position, this.limit) : null;
  }

  /** Mark the positions from..to by the class `name`; one run of digits for each name. */
  mark(name, from, to) {
    this.marks.named.set(name, [from, to]);
    this.scroller.refresh();
  }

  /** What the reader has chosen: [from, to] or null. */
  get chosen() {
    return this.marks.named.get("aim") ?? null;
  }

  choose(run) {
    if (run) this.mark("aim", ...run);
    else if (this.marks.named.delete("aim")) this.scroller.refresh();
    this.moved();
  }

  /** Mark every hit of a sequence; "" marks none. */
  seek(sequence) {
    this.marks.sequence = sequence;
    this.scroller.refresh();
  }

  look(first, last) {
    this.windows.look(first * this.perLine + 1, Math.min(this.limit, (last + 1) * this.perLine));
    this.moved();
  }

  write(element, line) {
    const from = line * this.perLine + 1;
    const to = Math.min(this.limit, from + this.perLine - 1);
    this.fill(element, from, this.windows.read(from, to) ?? "·".repeat(to - from + 1));
  }

  fill(element, from, digits) {
    const gutter = document.createElement("span");
    gutter.className = "place";
    gutter.textContent = number(from);
    const groups = [];
    const read = (first, last) => this.windows.read(first, Math.min(last, this.limit));
    const runs = this.marks.among(from, from + digits.length - 1, read);
    for (let at = 0; at < digits.length; at += GROUP) {
      groups.push(group(from + at, digits.slice(at, at + GROUP), runs));
    }
    element.replaceChildren(gutter, ...groups);
  }
}
