// The dashboard: the form, the table of all computations, and the feed that keeps it fresh.

import { act, ask } from "../api.js";
import { Feed, showState } from "../feed.js";
import { Table } from "./table.js";
import { bare, has, say } from "../text.js";
import { at } from "../urls.js";
import { View } from "./view.js";

const MANY = 3; // more changes at once are told as a number

const byId = (id) => document.getElementById(id);
const table = new Table(byId("jobs").tBodies[0], byId("row"));
const view = new View(table, { shown, failed });
const showLink = showState(byId("link"));

new Feed(Number(document.body.dataset.cursor), {
  tell(events) {
    view.tell(events);
    announce(events.filter((event) => has(`said_${event.stage}`)));
  },
  state(now) {
    showLink(now);
    if (now === "live") view.refresh(); // a load may have failed while the server was away
  },
  reset: () => view.load(),
});

// -- the form and the buttons

document.addEventListener("submit", (event) => {
  const { target: form, submitter } = event;
  event.preventDefault();
  if (form.id === "actions") press(submitter);
  else if (form.id === "filters") view.load();
  else submit(form, submitter?.name === "n" ? submitter.value : form.elements.n.value);
});

async function submit(form, typed) {
  const n = bare(typed);
  complain(null);
  try {
    const job = await ask("POST", "api/jobs", { body: { n: /^\d{1,15}$/.test(n) ? Number(n) : typed } });
    form.reset();
    showAdded(job.n);
  } catch (error) {
    complain(error);
    byId("n").focus();
  }
}

async function press(button) {
  try {
    await act(button, button.closest("tr").dataset.n);
    complain(null);
  } catch (error) {
    complain(error);
    view.refresh(); // the row was out of date, or the refusal would make no sense
  }
}

function showAdded(n) {
  const link = document.createElement("a");
  link.href = at(`pi/${n}`);
  link.textContent = say("open", { n });
  byId("added").replaceChildren(link);
}

function complain(error) {
  const wrong = byId("wrong");
  const input = byId("n");
  wrong.replaceChildren();
  byId("added").replaceChildren();
  input.removeAttribute("aria-invalid");
  if (!error) return;
  if (error.status === 400) {
    input.setAttribute("aria-invalid", "true");
    wrong.append(say("wrong", { n: Number(document.body.dataset.max) }), " ");
  }
  const message = document.createElement("span");
  message.textContent = error.message;
  if (error.status) message.lang = "en"; // the server's own words
  wrong.append(message);
}

// -- the table

function shown(jobs, total) {
  byId("total").textContent = say("total", { n: total });
  byId("jobs").hidden = jobs.length === 0;
  byId("empty").hidden = jobs.length > 0 || view.filtered;
  byId("none").hidden = jobs.length > 0 || !view.filtered;
  showPages();
  showOrder();
  document.querySelector(".language").search = languageSearch();
}

function failed(error) {
  if (error.status === 400) view.reset(); // the address asks for an order or a status that does not exist
  else if (error.status) complain(error); // without a status the server is away, and the feed shows it
}

function showPages() {
  const pages = byId("pages");
  pages.hidden = view.pages === 1;
  pages.querySelector(".place").textContent = say("page", { page: view.page, pages: view.pages });
  pages.querySelector(".earlier").disabled = view.page === 1;
  pages.querySelector(".later").disabled = view.page === view.pages;
}

function languageSearch() {
  const address = new URLSearchParams(location.search);
  address.set("lang", document.documentElement.lang === "en" ? "ru" : "en");
  return address.toString();
}

function showOrder() {
  for (const heading of byId("jobs").querySelectorAll("[data-sort]")) {
    const ascending = view.sort === heading.dataset.sort;
    if (ascending || view.sort === `-${heading.dataset.sort}`) {
      heading.setAttribute("aria-sort", ascending ? "ascending" : "descending");
    } else {
      heading.removeAttribute("aria-sort");
    }
  }
  byId("filters").elements.sort.value = view.sort;
}

for (const heading of byId("jobs").querySelectorAll("[data-sort]")) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = heading.textContent;
  button.addEventListener("click", () => {
    const { sort } = heading.dataset;
    view.set({ sort: view.sort === sort ? `-${sort}` : sort });
  });
  heading.replaceChildren(button);
}

const filters = byId("filters");
filters.elements.status.value = view.status;
filters.elements.q.value = view.q;
filters.hidden = false;
filters.addEventListener("input", ({ target }) => {
  view.set({ [target.name]: target.name === "q" ? target.value.replace(/\D/g, "") : target.value });
});
byId("reset").addEventListener("click", () => {
  filters.reset();
  view.reset();
});
byId("pages").querySelector(".earlier").addEventListener("click", () => view.set({ page: view.page - 1 }));
byId("pages").querySelector(".later").addEventListener("click", () => view.set({ page: view.page + 1 }));

// -- the voice

function announce(events) {
  if (events.length === 0) return;
  const jobs = new Set(events.map(({ n }) => n));
  const phrase = ({ stage, n, job }) => say(`said_${stage}`, { n, digit: String(job?.digit ?? "") });
  byId("said").textContent =
    events.length > MANY ? say("said_many", { n: jobs.size }) : events.map(phrase).join(". ");
}
