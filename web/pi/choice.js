// Which rows are chosen, and what the bar at the foot does with all of them: one call of the server, whatever their number.

import { ask, complain } from "../api.js";
import { offer, outcome, sure } from "../dialogs.js";
import { say } from "../text.js";
import { filters } from "./address.js";

export class Choice {
  /** The bar and the heading's box are in the page; done() is called when jobs were changed. */
  constructor(view, { bar, page, wrong, done }) {
    Object.assign(this, { view, bar, page, wrong, done });
    this.chosen = new Set();
    this.all = false; // all that pass the filter, shown or not
    view.table.body.addEventListener("click", (event) => this.click(event));
    page.addEventListener("change", () => this.choosePage(page.checked));
    bar.querySelector(".all").addEventListener("click", () => this.chooseAll());
    bar.querySelector(".clear").addEventListener("click", () => this.clear());
    for (const button of bar.querySelectorAll("[data-command]")) {
      button.addEventListener("click", () => this.run(button.dataset.command, button.textContent));
    }
  }

  get count() {
    return this.all ? this.view.total : this.chosen.size;
  }

  /** The boxes of the rows as they are now; a filter of its own begins a choice anew. */
  show(before = this.view.loaded) {
    if (JSON.stringify(filters(before)) !== JSON.stringify(filters(this.view.loaded))) this.forget();
    const { rows } = this.view.table;
    for (const [n, row] of rows) row.querySelector(".pick input").checked = this.all || this.chosen.has(n);
    const checked = this.all ? rows.size : [...rows.keys()].filter((n) => this.chosen.has(n)).length;
    this.page.checked = checked > 0 && checked === rows.size;
    this.page.indeterminate = checked > 0 && checked < rows.size;
    const all = this.bar.querySelector(".all");
    all.hidden = this.all || this.view.total <= this.chosen.size;
    all.textContent = say("choose_all", { n: this.view.total });
    this.bar.querySelector(".count").textContent = say("chosen", { n: this.count });
    this.bar.hidden = this.count === 0;
  }

  click({ target, shiftKey }) {
    if (!target.matches(".pick input")) return;
    const rows = [...this.view.table.body.rows];
    const at = rows.indexOf(target.closest("tr"));
    const from = shiftKey && this.last ? rows.indexOf(this.last) : at;
    if (this.all) this.forget(rows); // what is seen stays chosen, without the one that is taken out
    for (const row of rows.slice(Math.min(at, Math.max(from, 0)), Math.max(at, from) + 1)) this.put(row, target.checked);
    this.last = rows[at];
    this.show();
  }

  put(row, chosen) {
    this.chosen[chosen ? "add" : "delete"](Number(row.dataset.n));
  }

  choosePage(chosen) {
    if (this.all) this.forget();
    for (const row of this.view.table.body.rows) this.put(row, chosen);
    this.show();
  }

  chooseAll() {
    this.all = true;
    this.show();
    this.bar.querySelector(".clear").focus(); // its own button is gone
  }

  forget(rows = []) {
    this.all = false;
    this.chosen = new Set(rows.map((row) => Number(row.dataset.n)));
  }

  clear() {
    this.forget();
    this.show();
    this.page.focus();
  }

  async run(command, word) {
    if (!(await sure(say(`ask_${command}_many`, { n: this.count }), word))) return;
    const which = this.all ? { filter: filters(this.view.loaded) } : { n: [...this.chosen] };
    try {
      const answer = await ask("POST", "api/jobs/bulk", { body: { command, ...which } });
      complain(this.wrong, null);
      this.forget();
      offer(outcome(command, answer), command === "remove" && answer.n?.length ? () => this.restore(answer.n) : null);
    } catch (error) {
      complain(this.wrong, error);
    }
    this.done();
  }

  async restore(n) {
    offer(outcome("restore", await ask("POST", "api/jobs/bulk", { body: { command: "restore", n } })));
    this.done();
  }
}
