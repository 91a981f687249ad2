// The rows of the table: one per job, kept by n, so that no job can be shown twice.

import { duration, number, say, statusWord, writeTime } from "../text.js";
import { at } from "../urls.js";
import { isFinished, isRetryable } from "./facts.js";

/** Make the buttons of `root` do what the job's status allows. */
export function writeActions(root, job) {
  const retry = root.querySelector(".retry");
  const remove = root.querySelector(".remove");
  retry.hidden = !isRetryable(job.status);
  remove.textContent = say(isFinished(job.status) ? "remove" : "cancel");
}

export class Table {
  constructor(body, blank) {
    this.body = body;
    this.blank = blank.content.querySelector("tr");
    this.rows = new Map();
    for (const row of body.rows) {
      this.rows.set(Number(row.dataset.n), row);
      for (const time of row.querySelectorAll("time")) writeTime(time, Date.parse(time.dateTime) / 1000);
    }
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

  update(job) {
    const row = this.rows.get(job.n);
    if (row) this.fill(row, job);
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
  }

  make(job) {
    const row = document.importNode(this.blank, true);
    const link = row.querySelector(".n");
    link.textContent = number(job.n);
    link.href = at(`pi/${job.n}`);
    row.dataset.n = job.n;
    writeTime(row.querySelector("time"), job.registered_at);
    this.rows.set(job.n, row);
    return row;
  }

  fill(row, job) {
    row.dataset.status = job.status;
    row.querySelector(".status").textContent = statusWord(job.status);
    row.querySelector("progress").value = job.progress;
    row.querySelector(".digit").textContent = job.digit ?? "";
    row.querySelector(".why").textContent = job.error ?? "";
    row.querySelector(".seconds").textContent = job.seconds === null ? "" : duration(job.seconds);
    writeActions(row, job);
    for (const button of row.querySelectorAll("button")) {
      button.setAttribute("aria-label", `${button.textContent}: ${number(job.n)}`);
    }
  }
}
