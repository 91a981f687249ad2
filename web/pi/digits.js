// Pi as a person can look at it: groups of ten, each line with the position of its first digit.

import { Scroller } from "./scroller.js";
import { number } from "../text.js";
import { Windows } from "./windows.js";

const GROUP = 10;
const GROUPS_A_LINE = [10, 5, 2, 1]; // so that a line begins at 1, 101, 201 or at least at 1, 11, 21

export class Digits {
  /** Fills `box`; failed(error) is called when digits could not be loaded, arrived() when they were. */
  constructor(box, { failed, arrived }) {
    this.box = box;
    this.marks = new Map(); // class name -> [from, to], positions
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
    box.addEventListener("copy", (event) => this.copied(event));
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
    this.scroller.resize(Math.ceil(this.limit / this.perLine), lineHeight);
    if (position > 1) this.scroller.moveTo(Math.floor((position - 1) / this.perLine) * lineHeight);
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

  /** Mark the positions from..to by the class `name`; one run of digits for each name. */
  mark(name, from, to) {
    this.marks.set(name, [from, to]);
    this.scroller.refresh();
  }

  look(first, last) {
    this.windows.look(first * this.perLine + 1, Math.min(this.limit, (last + 1) * this.perLine));
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
    for (let at = 0; at < digits.length; at += GROUP) {
      groups.push(this.group(from + at, digits.slice(at, at + GROUP)));
    }
    element.replaceChildren(gutter, ...groups);
  }

  group(from, digits) {
    const group = document.createElement("span");
    const touches = ([, [first, last]]) => first < from + digits.length && last >= from;
    const marked = [...this.marks].filter(touches);
    if (marked.length === 0) {
      group.textContent = digits;
      return group;
    }
    for (let at = 0; at < digits.length; at++) {
      const names = marked.filter(([, [first, last]]) => first <= from + at && from + at <= last);
      const mark = document.createElement(names.length ? "mark" : "span");
      mark.className = names.map(([name]) => name).join(" ");
      mark.textContent = digits[at];
      group.append(mark);
    }
    return group;
  }

  /** What is selected by hand is copied as bare digits. */
  copied(event) {
    event.preventDefault();
    event.clipboardData.setData("text/plain", String(getSelection()).replace(/\s/g, ""));
  }
}
