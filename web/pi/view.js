// Which part of all jobs the table shows: filter, search, order and page, kept in the page's address.
//
// 1. The server alone decides which jobs belong to a view. An event updates a shown row at once; when it may change
//    which rows belong (a job appeared, left, or changed what the view filters or sorts by), the view is loaded again,
//    at most once in PAUSE.
// 2. The first view came with the page and is not asked for again.
// 3. `wish` is what the reader asked for, `loaded` what the rows on the page are; they differ while a load is on its
//    way, or failed. What the page says about the rows, it says of `loaded`.
// 4. Each wish is an entry in the browser's history; while one types, all letters make one.
// 5. Paused, the rows stay as they are, but for what the reader does.

import { ask } from "../api.js";
import { DEFAULTS, filters, read, write } from "./address.js";
import { FACTS, isReport } from "./facts.js";

const PAUSE = 400; // ms between two loads, so that a burst of new jobs does not become a burst of requests

export class View {
  /** shown(wish) is called after each load, failed(error) when one did not come, held(changes) while paused. */
  constructor(table, total, { shown, failed, held }) {
    Object.assign(this, { table, total, shown, failed, held });
    this.wish = read(location.search);
    this.loaded = { ...this.wish };
    this.told = new Map(); // n -> job, told by events while a load was on its way
    this.loading = null;
    this.timer = null;
    this.paused = false;
    addEventListener("popstate", () => {
      this.typing = null;
      this.wish = read(location.search);
      this.load();
    });
  }

  get filtered() {
    return Object.keys(filters(this.loaded)).length > 0;
  }

  get pages() {
    return Math.max(1, Math.ceil(this.total / FACTS.per_page));
  }

  /** Change filter, order or page; everything but a change of page goes back to the first one. */
  set(changes, { typing = null } = {}) {
    this.wish = { ...this.wish, page: 1, ...changes };
    const method = typing && typing === this.typing ? "replaceState" : "pushState";
    this.typing = typing;
    history[method](null, "", write(this.wish));
    return this.load();
  }

  reset() {
    return this.set(DEFAULTS);
  }

  /** Load the view now. */
  async load() {
    try {
      await this.fetch();
    } catch (error) {
      if (error.name !== "AbortError") this.failed(error);
    }
  }

  /** Load the view, or throw; a load on its way is given up, since the reader asked for another view. */
  async fetch() {
    clearTimeout(this.timer);
    this.timer = null;
    this.loading?.abort();
    const mine = (this.loading = new AbortController());
    const { wish } = this;
    this.stale = false;
    this.missed = true; // until it is here
    this.told.clear();
    try {
      const { jobs, total } = await ask("GET", `api/jobs?${query(wish)}`, mine);
      if (mine === this.loading) this.take(wish, jobs, total);
    } finally {
      if (mine === this.loading) this.loading = null;
    }
    if (!this.loading && this.stale) this.refresh();
  }

  /** Ask for what there is now; while paused only whether the server answers. */
  poll() {
    return this.paused ? ask("GET", "api/jobs?per_page=1") : this.fetch();
  }

  /** Load the view again soon, because what belongs to it may have changed. */
  refresh() {
    this.stale = true;
    if (!this.loading) this.timer ??= setTimeout(() => this.load(), this.wait());
  }

  take(wish, jobs, total) {
    this.total = total;
    if (wish.page > this.pages) { // the last page lost its last row
      this.wish = { ...wish, page: this.pages };
      history.replaceState(null, "", write(this.wish));
      this.stale = true;
      return;
    }
    const before = this.loaded;
    Object.assign(this, { loaded: wish, missed: false });
    this.table.show(jobs);
    for (const [n, job] of this.told) this.apply(n, job); // newer than the answer
    this.shown(before);
  }

  /** Take a batch of events, oldest first. */
  tell(events) {
    if (this.paused) {
      this.changes += events.filter((event) => !isReport(event)).length;
      this.held(this.changes);
      return;
    }
    const newest = new Map(); // n -> event: of many reports about one job the last is drawn
    for (const event of events) {
      if (this.concerns(event)) this.refresh();
      newest.set(event.n, event);
    }
    for (const [n, { job, at }] of newest) {
      this.apply(n, job, at);
      if (this.loading) this.told.set(n, job);
    }
  }

  /** The answer to what the reader did: it is shown whatever the websocket says, and in a paused view too. */
  own(job) {
    this.apply(job.n, job.status === "removed" ? null : job);
    if (!this.paused || this.table.status(job.n) === undefined) this.refresh();
  }

  pause(paused) {
    Object.assign(this, { paused, changes: 0 });
    if (!paused) this.load();
  }

  concerns(event) {
    const { n, job } = event;
    const before = this.table.status(n);
    if (!job || before === undefined) return !isReport(event);
    const { status, sort, error } = this.loaded;
    const ordered = ["status", "seconds", "finished_at"].includes(sort.replace(/^-/, ""));
    return before !== job.status && (status !== "" || error !== "" || ordered);
  }

  apply(n, job, at) {
    if (job) this.table.update(job, at);
    else this.table.drop(n);
  }

  wait() {
    const now = performance.now();
    const wait = Math.max(0, (this.due ?? 0) - now);
    this.due = now + wait + PAUSE;
    return wait;
  }
}

function query({ page, sort, ...rest }) {
  return new URLSearchParams({ sort, page, per_page: FACTS.per_page, ...filters(rest) });
}
