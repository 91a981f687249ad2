// The form for new computations: one number, several, or a range. The server reads what was typed.

import { ask, complain } from "../api.js";
import { outcome } from "../dialogs.js";
import { bare, say } from "../text.js";
import { at } from "../urls.js";

export class Asking {
  /** own(job) is called with each job that came of it, many() when it were several. */
  constructor(form, { own, many }) {
    Object.assign(this, { form, own, many, input: form.elements.n, wrong: form.querySelector(".wrong") });
    this.added = form.querySelector(".added");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit(this.input.value);
    });
  }

  async submit(typed) {
    this.complain(null);
    try {
      await this.send(typed);
      this.form.reset();
      this.input.value = ""; // reset brings back what the server put there
    } catch (error) {
      this.complain(error);
      this.input.focus();
    }
  }

  async send(typed) {
    const n = bare(typed);
    if (/^\d{1,15}$/.test(n) && /^\s*\d{1,3}(\D?\d{3})*\s*$|^\s*\d+\s*$/.test(typed)) {
      const job = await ask("POST", "api/jobs", { body: { n: Number(n) } });
      this.say(link(job.n));
      this.own(job);
    } else {
      const answer = await ask("POST", "api/jobs/bulk", { body: { command: "add", n: typed } });
      this.say(outcome("add", answer));
      this.many();
    }
  }

  say(node) {
    this.added.replaceChildren(node);
  }

  complain(error) {
    complain(this.wrong, error);
    this.added.replaceChildren();
    if (error?.status === 400) this.input.setAttribute("aria-invalid", "true");
    else this.input.removeAttribute("aria-invalid");
  }
}

function link(n) {
  const link = document.createElement("a");
  link.href = at(`pi/${n}`);
  link.textContent = say("open", { n });
  return link;
}
