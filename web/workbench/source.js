// The script's source with the lines where a dialog stands, and the variables there.

import { say } from "./server.js";

const place = document.getElementById("source");
const variables = document.getElementById("variables");
const stands = document.getElementById("stands");

/** Where each file of the script lies, by its name. */
let files = {};

/** Show the files of the script. */
export function showFiles(shown) {
  files = Object.fromEntries(shown.map(({ file, name }) => [name, file]));
  const parts = shown.flatMap(({ file, name, lines }) => {
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

const COUNTS = {
  said: "said", answered: "answered", misunderstood: "misunderstood", failed: "failed_there", stopped: "stopped",
  interrupted: "interrupted", ended: "closing", open: "open", left: "left",
};

function counted(prompt) {
  const parts = Object.entries(COUNTS).filter(([name]) => prompt[name]).map(([name, word]) => say(word, { n: prompt[name] }));
  if (prompt.seconds !== null) parts.push(say("median", { n: prompt.seconds.toFixed(1) }));
  return Object.assign(document.createElement("small"), { textContent: parts.join(" · ") });
}

/** Write beside each prompt what has become of it. */
export function showPrompts(prompts) {
  for (const note of place.querySelectorAll("li small")) note.remove();
  for (const prompt of prompts) {
    const [name, line] = prompt.place.split(/:(?=\d+$)/);
    lineOf({ file: files[name], line: Number(line) })?.append(counted(prompt));
  }
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
