// Digits of pi by position, fetched in windows as they are looked at. Position 1 is the first digit after the
// point.
//
// 1. Only windows that are looked at, or are about to be, are fetched, after a moment's rest on them: a
//    flight over a million digits asks for none of those it passes, reading on never meets a gap.
// 2. A fetch whose window is no longer looked at is aborted.
// 3. The KEPT windows looked at last stay in memory; `Map` keeps them in order of use.

import { ask } from "../api.js";
import { FACTS } from "./facts.js";

export const SIZE = FACTS.window / 2; // digits of a window: some screens full
const KEPT = 40;
const AHEAD = SIZE / 2; // digits before and after those in view
const REST = 40; // ms
const AGAIN = 2000; // ms before a failed fetch is tried again

/** `count` digits from position `from` on, straight from the server; `count` is at most FACTS.window. */
export async function fetchDigits(from, count, signal) {
  const { content } = await ask("GET", `v1/pi?start=${from}&numberOfDigits=${count}`, { signal });
  return content;
}

export class Windows {
  /** changed() is called when digits have come, failed(error) when they could not. */
  constructor({ changed, failed }) {
    Object.assign(this, { changed, failed });
    this.limit = 0; // the last position that may be asked for
    this.kept = new Map(); // index -> digits
    this.fetches = new Map(); // index -> AbortController
    this.looked = [];
    this.timer = null;
  }

  /** The digits of positions from..to, or null while some of them are not here. */
  read(from, to) {
    let digits = "";
    for (let index = this.index(from); index <= this.index(to); index++) {
      const start = index * SIZE + 1;
      const window = this.kept.get(index);
      if (!window || start + window.length <= Math.min(to, start + SIZE - 1)) return null;
      digits += window.slice(Math.max(0, from - start), to - start + 1);
    }
    return digits;
  }

  /** Say which positions are looked at now. */
  look(from, to) {
    const first = this.index(Math.max(1, from - AHEAD));
    const last = this.index(Math.min(this.limit, to + AHEAD));
    const same = first === this.looked[0] && last === this.looked.at(-1);
    if (same && this.timer !== null) return; // resting already
    this.looked = Array.from({ length: last - first + 1 }, (_, i) => first + i);
    for (const [index, fetch] of this.fetches) if (!this.looked.includes(index)) fetch.abort();
    for (const index of this.looked) this.touch(index);
    if (this.looked.some((index) => this.lacks(index))) this.later(REST);
  }

  index(position) {
    return Math.floor((position - 1) / SIZE);
  }

  size(index) {
    return Math.min(SIZE, this.limit - index * SIZE);
  }

  lacks(index) {
    return (this.kept.get(index)?.length ?? 0) < this.size(index);
  }

  touch(index) {
    const window = this.kept.get(index);
    if (window === undefined) return;
    this.kept.delete(index);
    this.kept.set(index, window);
  }

  later(pause) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.timer = null;
      for (const index of this.looked) if (this.lacks(index) && !this.fetches.has(index)) this.fetch(index);
    }, pause);
  }

  async fetch(index) {
    const abort = new AbortController();
    this.fetches.set(index, abort);
    try {
      this.keep(index, await fetchDigits(index * SIZE + 1, this.size(index), abort.signal));
      this.changed();
    } catch (error) {
      if (error.name === "AbortError") return;
      this.failed(error);
      this.later(AGAIN);
    } finally {
      if (this.fetches.get(index) === abort) this.fetches.delete(index);
    }
  }

  keep(index, digits) {
    this.kept.delete(index);
    this.kept.set(index, digits);
    for (const oldest of this.kept.keys()) {
      if (this.kept.size <= KEPT) break;
      this.kept.delete(oldest);
    }
  }
}
