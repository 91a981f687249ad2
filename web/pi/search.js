// Finding a sequence as it is typed: the first hit, the next and the previous one, how many there are, and how likely
// there is one at all. Rules:
//
// 1. What is typed is looked for after a moment's rest; a search that is out of date is aborted, here and at the server.
// 2. The hits among the digits of this page are numbered 1..count. Their count is asked for after the first is shown.
// 3. Behind the last hit comes the first, before the first one the last.

import { ask } from "../api.js";
import { FACTS } from "./facts.js";
import { odds } from "./hits.js";
import { bare, number, rare, say } from "../text.js";

const REST = 200; // ms

const byId = (id) => document.getElementById(id);

export function useSearch(digits) {
  new Search(digits);
}

class Search {
  constructor(digits) {
    this.digits = digits;
    this.input = byId("sequence");
    this.abort = new AbortController();
    this.forget();
    this.input.addEventListener("input", () => this.typed());
    this.input.addEventListener("keydown", (event) => event.key === "Enter" && event.shiftKey && this.back(event));
    byId("search").addEventListener("submit", (event) => {
      event.preventDefault();
      this.step(1);
    });
    byId("previous").addEventListener("click", () => this.step(-1));
  }

  back(event) {
    event.preventDefault();
    this.step(-1);
  }

  forget() {
    this.position = this.count = this.place = null; // of the hit that is shown: where, of how many, the how-manieth
  }

  get sequence() {
    return bare(this.input.value).replace(/[.\-/]/g, ""); // a date is typed with points
  }

  get valid() {
    return /^\d+$/.test(this.sequence) && this.sequence.length <= FACTS.longest;
  }

  typed() {
    clearTimeout(this.timer);
    this.abort.abort();
    this.forget();
    this.digits.seek(this.valid ? this.sequence : "");
    const typed = this.input.value.trim() !== "";
    this.tell(typed && !this.valid ? say("search_digits", { n: FACTS.longest }) : "");
    byId("odds").textContent = this.valid ? this.chance() : "";
    byId("previous").disabled = byId("next").disabled = !this.valid;
    if (this.valid) this.timer = setTimeout(() => this.run((signal) => this.first(signal)), REST);
  }

  chance() {
    const { length } = this.sequence;
    const n = this.digits.limit;
    return say("odds", { k: length, n, p: rare(odds(length, n)) });
  }

  tell(text) {
    byId("found").textContent = text;
  }

  /** Do `work`, unless something else is asked for meanwhile. */
  async run(work) {
    clearTimeout(this.timer);
    this.abort.abort();
    const { signal } = (this.abort = new AbortController());
    try {
      await work(signal);
    } catch (error) {
      if (error.name !== "AbortError") this.tell(error.message);
    }
  }

  step(by) {
    if (!this.valid) return this.tell(say("search_digits", { n: FACTS.longest }));
    return this.run((signal) => (this.position === null ? this.first(signal) : this.further(by, signal)));
  }

  async first(signal) {
    this.tell(say("searching"));
    const { position, searched } = await this.find({ signal });
    if (position === null) return this.tell(say("not_found", { n: searched }));
    const beyond = position + this.sequence.length - 1 > this.digits.limit;
    if (beyond) return this.tell(say("found_beyond", { n: position }));
    this.show(position, 1);
    const { count } = await ask("GET", `api/search/count?${this.query({ end: this.digits.limit })}`, { signal });
    this.count = count;
    this.show(position, 1);
  }

  async further(by, signal) {
    const end = this.digits.limit;
    const back = by < 0 ? 1 : 0;
    let { position } = await this.find({ start: this.position + by, end, back, signal });
    const wraps = position === null;
    if (wraps) ({ position } = await this.find({ start: back ? end : 1, end, back, signal }));
    this.count ??= (await ask("GET", `api/search/count?${this.query({ end })}`, { signal })).count;
    this.show(position, wraps ? (back ? this.count : 1) : this.place + by);
  }

  find({ signal, ...values }) {
    return ask("GET", `api/search?${this.query(values)}`, { signal });
  }

  query(values) {
    return new URLSearchParams({ q: this.sequence, ...values });
  }

  show(position, place) {
    Object.assign(this, { position, place });
    this.digits.choose([position, position + this.sequence.length - 1]);
    this.digits.go(position);
    const hit = { n: position, place, count: this.count === null ? "…" : number(this.count) };
    this.tell(say("found", hit));
  }
}
