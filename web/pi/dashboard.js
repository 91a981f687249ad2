// The dashboard: the form, the table of all computations, and the feed that keeps it fresh.

import { complain } from "../api.js";
import { Feed, showState } from "../feed.js";
import { has, say, statusWord } from "../text.js";
import { Voice } from "../voice.js";
import { Asking } from "./asking.js";
import { Choice } from "./choice.js";
import { act } from "./commands.js";
import { useKeys } from "./keys.js";
import { Controls } from "./order.js";
import { Table } from "./table.js";
import { View } from "./view.js";

const byId = (id) => document.getElementById(id);
const { dataset } = document.body;
const TITLE = document.title;

const table = new Table(byId("jobs").tBodies[0], byId("row"));
const view = new View(table, Number(dataset.total), { shown, failed, held: showHeld });
const choice = new Choice(view, {
  bar: byId("foot"), page: byId("page"), wrong: byId("wrong"), done: () => view.load(),
});
const controls = new Controls(view, {
  form: byId("filters"), heads: byId("jobs").querySelectorAll("[data-sort]"), pages: byId("pages"), title: byId("computations"),
});
const asking = new Asking(byId("new"), { own: (job) => view.own(job), many: () => view.load() });
const voice = new Voice(byId("said"));
const showLink = showState(byId("link"));

const feed = new Feed(Number(dataset.cursor), {
  tell(events) {
    view.tell(events);
    choice.show();
    for (const event of events) announce(event);
  },
  state(now) {
    showLink(now);
    if (now === "live" && view.missed) view.load();
  },
  reset: () => view.load(),
  poll: () => view.poll(),
});

// -- what one presses

byId("actions").addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = event.submitter;
  try {
    const job = await act(button, button.closest("tr").dataset.n, (job) => view.own(job));
    complain(byId("wrong"), null);
    if (job) own(job);
  } catch (error) {
    complain(byId("wrong"), error);
    view.refresh(); // the row was out of date, or the refusal would make no sense
  }
});

document.querySelector(".suggestions").addEventListener("submit", (event) => {
  event.preventDefault();
  asking.submit(event.submitter.value);
});

byId("reset").addEventListener("click", (event) => {
  event.preventDefault();
  view.reset();
});

byId("pause").addEventListener("click", () => {
  view.pause(!view.paused);
  byId("pause").textContent = say(view.paused ? "resume" : "pause");
  if (view.paused) showHeld(0);
  else showLink(feed.now);
});

useKeys({ search: byId("filters").elements.q, input: byId("n"), rows: byId("jobs") });

function own(job) {
  view.own(job);
  choice.show();
  if (feed.now !== "live") announce({ stage: job.status, n: job.n, job });
}

// -- what one sees

function shown(before) {
  byId("total").textContent = say("total", { n: view.total });
  byId("stale").textContent = "";
  byId("jobs").hidden = table.rows.size === 0;
  byId("empty").hidden = table.rows.size > 0 || view.filtered;
  byId("none").hidden = table.rows.size > 0 || !view.filtered;
  controls.show();
  choice.show(before);
}

function failed(error) {
  if (error.status) complain(byId("wrong"), error);
  else byId("stale").textContent = say("stale"); // it is loaded when the feed finds the server again
}

function showHeld(changes) {
  const link = byId("link");
  link.dataset.state = "paused";
  link.textContent = say("paused", { n: changes });
}

function tick() {
  if (!document.hidden) for (const n of table.running.keys()) table.tick(n);
  const job = table.longest;
  document.title = job ? `${table.left(job)} — ${TITLE}` : TITLE;
}

function announce({ stage, n, job }) {
  const key = `said_${stage}`;
  if (has(key)) voice.tell(statusWord(stage), say(key, { n, digit: String(job?.digit ?? "") }));
}

for (const id of ["pause", "keys"]) byId(id).hidden = false;
document.documentElement.dataset.scripted = "";
controls.show();
choice.show();
setInterval(tick, 1000);

import("./charts.js"); // after everything that the reader can act on
