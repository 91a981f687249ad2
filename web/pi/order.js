// The controls around the table: filters, headings that sort, pages. Without scripts they are a form and links.

import { say } from "../text.js";
import { write } from "./address.js";

const TYPED = ["q", "least", "most", "error"];

export class Controls {
  constructor(view, { form, heads, pages, title }) {
    Object.assign(this, { view, form, heads, pages, title });
    form.addEventListener("input", ({ target }) => this.filter(target));
    form.addEventListener("change", () => (view.typing = null)); // the next letter is a new step of the history
    form.addEventListener("submit", (event) => event.preventDefault());
    for (const heading of heads) follow(heading.querySelector("a"), () => view.set({ sort: this.next(heading) }));
    for (const [name, step] of [["earlier", -1], ["later", 1]]) {
      follow(pages.querySelector(`.${name}`), () => this.turn(view.loaded.page + step));
    }
  }

  filter({ name, value }) {
    const text = ["q", "least", "most"].includes(name) ? value.replace(/\D/g, "") : value.trim();
    this.view.set({ [name]: text }, { typing: TYPED.includes(name) ? name : null });
  }

  /** Another page begins where the table begins, whichever load brings it: a newer one may overtake the first. */
  turn(page) {
    this.turned = page;
    this.view.set({ page });
  }

  next(heading) {
    const { sort } = heading.dataset;
    return this.view.loaded.sort === sort ? `-${sort}` : sort;
  }

  /** Say what the rows are, not what was asked for. */
  show() {
    const { loaded } = this.view;
    this.showFields();
    for (const heading of this.heads) {
      const ascending = loaded.sort === heading.dataset.sort;
      if (ascending || loaded.sort === `-${heading.dataset.sort}`) {
        heading.setAttribute("aria-sort", ascending ? "ascending" : "descending");
      } else heading.removeAttribute("aria-sort");
      heading.querySelector("a").href = write({ ...loaded, sort: this.next(heading), page: 1 });
    }
    this.showPages(loaded, this.view.pages);
    if (loaded.page === this.turned) this.title.scrollIntoView();
    this.turned = null;
  }

  showFields() {
    for (const field of this.form.querySelectorAll("[name]")) {
      const value = this.view.wish[field.name];
      if (field.name !== this.view.typing && field.value !== value) field.value = value;
    }
  }

  showPages(loaded, last) {
    this.pages.hidden = last === 1;
    this.pages.querySelector(".place").textContent = say("page", { page: loaded.page, pages: last });
    for (const [name, page] of [["earlier", loaded.page - 1], ["later", loaded.page + 1]]) {
      const link = this.pages.querySelector(`.${name}`);
      if (page < 1 || page > last) link.removeAttribute("href");
      else link.href = write({ ...loaded, page });
    }
  }
}

/** A link that does something here, unless the reader opens it elsewhere. */
function follow(link, action) {
  link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || !link.href) return;
    event.preventDefault();
    action();
  });
}
