// The page of one job: its state and events live from the feed, and pi to n digits.

import { ask } from "../api.js";
import { writeClipboard } from "../clipboard.js";
import { act } from "./commands.js";
import { Digits } from "./digits.js";
import { isFinished } from "./facts.js";
import { Feed, showState } from "../feed.js";
import { list } from "./history.js";
import { Parts } from "./parts.js";
import { Place } from "./place.js";
import { writeActions } from "./table.js";
import { duration, number, percent, say, statusWord, writeTime } from "../text.js";
import { Pictures } from "./pictures/pictures.js";
import { useTools } from "./tools.js";
import { at } from "../urls.js";

const { dataset } = document.body;
const N = Number(dataset.n);
const byId = (id) => document.getElementById(id);
const part = (selector) => byId("job").querySelector(selector);

let available = Number(dataset.available);
let job = null; // as told last
let listed = Number(dataset.cursor); // the page came with the events up to this one
const digits = new Digits(byId("digits"), {
  failed: () => showPartial(say("digits_failed")),
  arrived: () => showPartial(),
  moved: () => place.moved(),
});
const place = new Place(digits);
const pictures = new Pictures(byId("pictures"), (position) => {
  digits.choose([position, position]);
  digits.go(position);
  digits.box.scrollIntoView({ block: "center", behavior: "smooth" });
});
const parts = new Parts(N);
const showLink = showState(byId("link"));

digits.mark("nth", N, N);
showDigits();
useTools(digits);
for (const time of document.querySelectorAll("time")) {
  writeTime(time, Date.parse(time.dateTime) / 1000, { milliseconds: time.closest("#events") !== null });
}

new Feed(Number(dataset.cursor), {
  tell(events) {
    for (const event of events) {
      if (event.stage === "stored") available = Math.max(available, event.n);
      if (event.n === N) take(event);
    }
    showDigits();
  },
  state(now) {
    showLink(now);
    if (now === "live") load();
  },
  reset: () => location.reload(),
  poll: fetchJob,
});

/** The job as it is now, and the events that are not listed yet, page by page. */
async function fetchJob() {
  const before = job;
  let answer;
  do {
    answer = await ask("GET", `api/jobs/${N}?after=${listed}`);
    for (const event of answer.events) list(byId("events"), event);
    listed = answer.events.at(-1)?.id ?? listed;
  } while (answer.more);
  if (job === before) show(answer); // else an event told something newer meanwhile
  parts.refresh();
}

async function load() {
  try {
    await fetchJob();
  } catch (error) {
    if (error.status === 404) showRemoved();
    else if (error.status) complain(error);
  }
}

function take(event) {
  list(byId("events"), event);
  if (!event.job) {
    showRemoved();
    return;
  }
  show(event.job);
  parts.refresh();
  if (!isFinished(event.stage)) return;
  byId("said").textContent = say(`said_${event.stage}`, { n: N, digit: String(job.digit) });
}

// -- the job

function show(now) {
  job = now;
  if (byId("job").dataset.status === "removed") byId("wrong").textContent = ""; // it was asked for again
  byId("job").dataset.status = job.status;
  part(".status").textContent = statusWord(job.status);
  part("progress").value = job.progress;
  part(".percent").textContent = percent(job.progress);
  part(".why").textContent = job.error ?? "";
  part(".digit").textContent = job.digit ?? "?";
  part(".seconds").textContent = job.seconds === null ? "—" : duration(job.seconds);
  part(".attempt").textContent = number(job.attempt);
  showTime(part(".registered"), job.registered_at);
  showTime(part(".finished"), job.finished_at);
  byId("actions").hidden = false;
  writeActions(byId("actions"), job);
}

function showTime(place, at) {
  const time = document.createElement("time");
  if (at !== null) writeTime(time, at);
  place.replaceChildren(at === null ? "—" : time);
}

function showRemoved() {
  byId("actions").hidden = true;
  byId("job").dataset.status = "removed";
  part(".status").textContent = statusWord("removed");
  part(".why").textContent = "";
  byId("wrong").textContent = say("removed");
}

byId("actions").addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    const now = await act(event.submitter, N, show); // shown whatever the websocket says
    byId("wrong").textContent = "";
    if (now?.status === "removed") showRemoved();
    else if (now) show(now);
  } catch (error) {
    complain(error);
  }
});

byId("link-copy").hidden = false;
byId("link-copy").addEventListener("click", async () => {
  try {
    await writeClipboard(location.href);
    byId("link-copied").textContent = say("link_copied");
  } catch (error) {
    complain(error);
  }
});

function complain(error) {
  byId("wrong").textContent = error.message;
}

// -- its digits

function showDigits() {
  const limit = Math.min(N, available);
  if (limit === digits.limit && limit > 0) return;
  digits.show(limit);
  byId("tools").hidden = limit === 0;
  byId("none").hidden = limit > 0;
  byId("whole").hidden = limit === 0;
  byId("whole").querySelector("a").href = at(`v1/pi.txt?from=0&to=${limit}`);
  place.open();
  pictures.show(limit);
  showPartial();
}

function showPartial(trouble = "") {
  const some = digits.limit > 0 && digits.limit < N;
  byId("partial").textContent = trouble || (some ? say("on_disk", { have: digits.limit, n: N }) : "");
}

document.documentElement.dataset.scripted = ""; // all that one can press acts from here on
