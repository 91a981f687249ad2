// What is marked among the digits: runs of positions by name, and every hit of a sequence.

import { hits } from "./hits.js";

export class Marks {
  constructor() {
    this.named = new Map(); // class name -> [from, to]
    this.sequence = "";
  }

  /**
   * [class name, from, to] of all that is marked among the positions from..to. read(first, last) gives digits or
   * null; it is asked for some more on either side, since hits lie across the ends of lines.
   */
  among(from, to, read) {
    const runs = [...this.named].map(([name, run]) => [name, ...run]);
    return [...runs, ...this.hitsAmong(from, to, read)].filter(([, first, last]) => first <= to && last >= from);
  }

  hitsAmong(from, to, read) {
    const { length } = this.sequence;
    if (length === 0) return [];
    const start = Math.max(1, from - length + 1);
    const text = read(start, to + length - 1) ?? "";
    return hits(text, this.sequence).map((at) => ["hit", start + at, start + at + length - 1]);
  }
}

/** Digits from position `from` on as an element, with marks where `runs` say so. */
export function group(from, digits, runs) {
  const element = document.createElement("span");
  const names = [...digits].map((_, at) => namesAt(runs, from + at));
  if (names.every((name) => name === names[0])) {
    element.append(marked(digits, names[0]));
  } else {
    element.append(...names.map((name, at) => marked(digits[at], name)));
  }
  return element;
}

function namesAt(runs, position) {
  const names = runs.filter(([, first, last]) => first <= position && position <= last).map(([name]) => name);
  return [...new Set(names)].join(" ");
}

function marked(digits, name) {
  if (!name) return digits;
  const mark = document.createElement("mark");
  mark.className = name;
  mark.textContent = digits;
  return mark;
}
