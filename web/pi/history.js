// The list of a job's events; reports of progress are none of it.

import { isReport } from "./facts.js";
import { statusWord, writeTime } from "../text.js";

/** Put an event in its place, unless it is there already. */
export function list(events, event) {
  if (isReport(event) || events.querySelector(`[data-id="${event.id}"]`)) return;
  const later = [...events.children].find((other) => Number(other.dataset.id) > event.id);
  events.insertBefore(line(event), later ?? null);
}

function line(event) {
  const line = document.createElement("li");
  line.dataset.id = event.id;
  line.dataset.status = event.stage;
  const [time, status, why] = ["time", "span", "span"].map((name) => document.createElement(name));
  writeTime(time, event.at, { milliseconds: true });
  status.className = "status";
  status.textContent = statusWord(event.stage);
  why.className = "why";
  why.lang = "en";
  why.textContent = event.detail ?? "";
  line.append(time, " ", status, " ", why);
  return line;
}
