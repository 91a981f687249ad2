// The script's source with the lines where a dialog stands, and the variables there.

import { say } from "./server.js";

const place = document.getElementById("source");
const variables = document.getElementById("variables");
const stands = document.getElementById("stands");

/** Show the files of the script. */
export function showFiles(files) {
  const parts = files.flatMap(({ file, name, lines }) => {
    const title = document.createElement("h3");
    title.textContent = name;
    const list = document.createElement("ol");
    list.dataset.file = file;
    list.append(...lines.map((line) => Object.assign(document.createElement("li"), { textContent: line || " " })));
    return [title, list];
  });
  place.replaceChildren(...parts);
}

function lineOf({ file, line }) {
  const list = [...place.querySelectorAll("ol")].find((one) => one.dataset.file === file);
  return list?.children[line - 1];
}

function described(frame) {
  const title = Object.assign(document.createElement("h4"), { textContent: say("stands", frame) });
  const list = document.createElement("dl");
  for (const [name, value] of Object.entries(frame.variables)) {
    const dt = Object.assign(document.createElement("dt"), { textContent: name });
    const dd = Object.assign(document.createElement("dd"), { textContent: value });
    list.append(dt, dd);
  }
  return [title, list];
}

/** Mark where the script waits, and say so. */
export function showFrames(frames) {
  for (const line of place.querySelectorAll(".waits, .calls")) {
    line.classList.remove("waits", "calls");
    line.removeAttribute("aria-current");
  }
  frames.forEach((frame, n) => lineOf(frame)?.classList.add(n === frames.length - 1 ? "waits" : "calls"));
  const last = frames.at(-1);
  const waits = last && lineOf(last);
  waits?.setAttribute("aria-current", "true");
  if (waits) place.scrollTop += waits.getBoundingClientRect().top - place.getBoundingClientRect().top - place.clientHeight / 2;
  stands.textContent = last ? say("stands", last) : say("nowhere");
  variables.replaceChildren(...frames.toReversed().flatMap(described));
}
