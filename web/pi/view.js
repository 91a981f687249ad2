// Which part of all jobs the table shows: filter, search, order and page, kept in the page's address.
//
// The server alone decides which jobs belong to a view. An event updates a shown row at once; when it may
// change which rows belong (a job appeared, left, or changed what the view filters or sorts by), the view
// is loaded again, at most once in PAUSE.

import { ask } from "../api.js";
import { FACTS, isReport } from "./facts.js";

const PAUSE = 400; // ms between two loads, so that a burst of new jobs does not become a burst of requests
const DEFAULTS = { status: "", q: "", sort: FACTS.sort, page: 1 };

export class View {
  /** shown(jobs, total) is called after each load, failed(error) when one was refused. */
  constructor(table, { shown, failed }) {
    Object.assign(this, { table, shown, failed }, DEFAULTS);
    const address = new URLSearchParams(location.search);
    for (const name of ["status", "q", "sort"]) this[name] = address.get(name) ?? this[name];
    this.page = Math.max(1, Number.parseInt(address.get("page"), 10) || 1);
    this.told = new Map(); // n -> job, told by events while a load was on its way
    this.loading = null;
    this.timer = null;
    this.load();
  }

  get filtered() {
    return this.status !== "" || this.q !== "";
  }

  /** Change filter, order or page; everything but a change of page goes back to the first one. */
  set(changes) {
    Object.assign(this, { page: 1 }, changes);
    const address = new URL(location.href);
    for (const [name, usual] of Object.entries(DEFAULTS)) {
      if (this[name] === usual) address.searchParams.delete(name);
      else address.searchParams.set(name, this[name]);
    }
    history.replaceState(null, "", address);
    this.load();
  }

  reset() {
    this.set(DEFAULTS);
  }

  /** Load the view now; a load on its way is given up, since the reader asked for another view. */
  async load() {
    clearTimeout(this.timer);
    this.timer = null;
    this.loading?.abort();
    const mine = (this.loading = new AbortController());
    this.stale = false;
    this.told.clear();
    try {
      const { jobs, total } = await ask("GET", `api/jobs?${this.query()}`, mine);
      if (mine === this.loading) this.take(jobs, total);
    } catch (error) {
      if (error.name !== "AbortError") this.failed(error);
    }
    if (mine !== this.loading) return;
    this.loading = null;
    if (this.stale) this.refresh();
  }

  /** Load the view again soon, because what belongs to it may have changed. */
  refresh() {
    this.stale = true;
    if (!this.loading) this.timer ??= setTimeout(() => this.load(), this.pause());
  }

  query() {
    const query = new URLSearchParams({ sort: this.sort, page: this.page, per_page: FACTS.per_page });
    if (this.status) query.set("status", this.status);
    if (this.q) query.set("q", this.q);
    return query;
  }

  take(jobs, total) {
    const pages = Math.max(1, Math.ceil(total / FACTS.per_page));
    if (this.page > pages) return void this.set({ page: pages }); // the last page lost its last row
    this.pages = pages;
    this.table.show(jobs);
    for (const [n, job] of this.told) this.apply(n, job); // newer than the answer
    this.shown(jobs, total);
  }

  /** Take a batch of events, oldest first. */
  tell(events) {
    const newest = new Map(); // n -> job: of many reports about one job the last is drawn
    for (const event of events) {
      if (this.concerns(event)) this.refresh();
      newest.set(event.n, event.job);
    }
    for (const [n, job] of newest) {
      this.apply(n, job);
      if (this.loading) this.told.set(n, job);
    }
  }

  concerns(event) {
    const { n, job } = event;
    const before = this.table.status(n);
    if (!job || before === undefined) return !isReport(event);
    const ordered = this.sort.endsWith("status") || this.sort.endsWith("seconds");
    return before !== job.status && (this.status !== "" || ordered);
  }

  apply(n, job) {
    if (job) this.table.update(job);
    else this.table.drop(n);
  }

  pause() {
    const now = performance.now();
    const wait = Math.max(0, (this.due ?? 0) - now);
    this.due = now + wait + PAUSE;
    return wait;
  }
}
