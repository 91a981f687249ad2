// What a screen reader says of changes nobody asked for: at most one sentence in PAUSE, and nothing is lost. What
// comes too soon waits; what waits together is said as one sentence of counts.

import { say } from "./text.js";

const PAUSE = 3000; // ms

export class Voice {
  constructor(element) {
    this.element = element;
    this.waiting = []; // [kind, sentence]
    this.timer = null;
  }

  /** Say a sentence soon; of several the kinds are counted. */
  tell(kind, sentence) {
    this.waiting.push([kind, sentence]);
    this.timer ??= setTimeout(() => this.speak(), this.due ? Math.max(0, this.due - performance.now()) : 0);
  }

  speak() {
    this.timer = null;
    const told = this.waiting.splice(0);
    this.due = performance.now() + PAUSE;
    this.element.textContent = told.length === 1 ? told[0][1] : counts(told);
  }
}

function counts(told) {
  const kinds = new Map();
  for (const [kind] of told) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  return [...kinds].map(([what, n]) => say("said_some", { what, n })).join("; ");
}
