// The rows of the table: one per job, kept by n, so that no job can be shown twice.

import { now } from "../clock.js";
import { duration, number, percent, remaining, say, statusWord, writeTime } from "../text.js";
import { at } from "../urls.js";
import { isCancellable, isFinished, isRetryable, isRunning } from "./facts.js";
import { Pace } from "./pace.js";

/** Make the buttons of `root` do what the job's status allows. */
export function writeActions(root, job) {
  const retry = root.querySelector(".retry");
  const remove = root.querySelector(".remove");
  retry.hidden = !isRetryable(job.status);
  remove.textContent = say(isCancellable(job.status) ? "cancel" : "remove");
}

export class Table {
  constructor(body, blank) {
    this.body = body;
    this.blank = blank.content.querySelector("tr");
    this.rows = new Map();
    this.running = new Map(); // n -> the job, as long as it is computed
    this.pace = new Pace();
    for (const row of body.rows) this.adopt(row);
  }

  /** A row that came with the page. */
  adopt(row) {
    const n = (row.dataset.n = Number(row.querySelector(".n").pathname.split("/").pop()));
    const { status, started } = row.dataset;
    this.rows.set(n, row);
    this.name(row, n);
    for (const time of row.querySelectorAll("time")) writeTime(time, Date.parse(time.textContent.replace(" ", "T")) / 1000);
    if (started) this.follow({ n, status, started_at: Number(started), progress: row.querySelector("progress").value });
  }

  status(n) {
    return this.rows.get(n)?.dataset.status;
  }

  /** Show exactly these jobs in this order; rows that stay keep their focus. */
  show(jobs) {
    const wanted = new Set(jobs.map((job) => job.n));
    for (const n of [...this.rows.keys()]) if (!wanted.has(n)) this.drop(n);
    let next = this.body.firstElementChild;
    for (const job of jobs) {
      const row = this.rows.get(job.n) ?? this.make(job);
      this.fill(row, job);
      if (row === next) next = next.nextElementSibling;
      else this.body.insertBefore(row, next);
    }
  }

  /** Draw a job that is shown; `at`: when it became so, if an event told it. */
  update(job, at) {
    const row = this.rows.get(job.n);
    if (row) this.fill(row, job, at);
  }

  drop(n) {
    const row = this.rows.get(n);
    if (!row) return;
    if (row.contains(document.activeElement)) {
      // who removes rows by keyboard goes on from the next one
      (row.nextElementSibling ?? row.previousElementSibling)?.querySelector(".n").focus();
    }
    row.remove();
    this.rows.delete(n);
    this.running.delete(n);
    this.pace.forget(n);
  }

  make(job) {
    const row = document.importNode(this.blank, true);
    const link = row.querySelector(".n");
    link.textContent = number(job.n);
    link.href = at(`pi/${job.n}`);
    row.dataset.n = job.n;
    this.name(row, job.n);
    writeTime(row.querySelector("time"), job.registered_at);
    this.rows.set(job.n, row);
    return row;
  }

  name(row, n) {
    row.querySelector(".pick input").setAttribute("aria-label", say("choose", { n }));
  }

  fill(row, job, at = now()) {
    row.dataset.status = job.status;
    row.querySelector(".status").textContent = statusWord(job.status);
    row.querySelector("progress").value = job.progress;
    row.querySelector(".digit").textContent = job.digit ?? "";
    row.querySelector(".why").textContent = row.querySelector(".why").title = job.error ?? "";
    row.querySelector(".seconds").textContent = job.seconds === null ? "" : duration(job.seconds);
    writeActions(row, job);
    for (const button of row.querySelectorAll("button")) {
      button.setAttribute("aria-label", `${button.textContent}: ${number(job.n)}`);
    }
    this.follow(job, at);
  }

  follow(job, at = now()) {
    if (isFinished(job.status) || !isRunning(job.status)) {
      this.running.delete(job.n);
      this.pace.forget(job.n);
    } else {
      this.running.set(job.n, job);
      this.pace.take(job.n, { started: job.started_at, progress: job.progress, at });
    }
    this.tick(job.n);
  }

  /** Write how long a job has been running, and will. */
  tick(n) {
    const row = this.rows.get(n);
    const job = this.running.get(n);
    row.querySelector(".left").textContent = job ? this.left(job) : "";
    if (job?.started_at) row.querySelector(".seconds").textContent = duration(Math.floor(Math.max(0, now() - job.started_at)));
  }

  /** "47 % · ещё ≈ 12 с" */
  left({ n, progress }) {
    const seconds = this.pace.left(n, now());
    if (seconds === null) return percent(progress);
    return say(seconds > 0 ? "left" : "soon", { percent: percent(progress), time: remaining(seconds) });
  }

  /** Of the running jobs the one that takes longest: the page's title shows it. */
  get longest() {
    const rest = (job) => this.pace.left(job.n, now()) ?? 0;
    return [...this.running.values()].sort((a, b) => rest(b) - rest(a))[0];
  }
}
