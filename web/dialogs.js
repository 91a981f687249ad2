// What stands between a reader and a loss: a question before, or ten seconds to take it back.

import { say } from "./text.js";

const UNDO = 10_000; // ms; as long as the pointer or the focus is on the offer it stays

/** Ask in the page's dialog; whether the answer was `yes`. Escape is a no. */
export function sure(question, yes) {
  const dialog = document.getElementById("sure");
  document.getElementById("question").textContent = question;
  dialog.querySelector('[value="yes"]').textContent = yes;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

const toast = document.getElementById("toast");
const button = toast.querySelector(".undo");
let timer = null;

/**
 * Tell what was done; `undo()`, if there is one, can be called for ten seconds, and what hinders it is told. A newer
 * telling replaces it.
 */
export function offer(what, undo) {
  clearTimeout(timer);
  toast.querySelector(".what").textContent = what;
  button.hidden = !undo;
  button.onclick = () => {
    toast.hidden = true;
    undo().catch((error) => offer(say("not_undone", { reason: error.message })));
  };
  toast.hidden = false;
  timer = setTimeout(fade, UNDO);
}

function fade() {
  if (toast.matches(":hover, :focus-within")) timer = setTimeout(fade, 1000);
  else toast.hidden = true;
}

/** Tell what became of many jobs, by kind: an answer of api/jobs/bulk. */
export function outcome(command, { done, kept }) {
  const rest = Object.entries(kept).map(([kind, n]) => say(kind === "conflict" && command === "add" ? "kept_add" : `kept_${kind}`, { n }));
  return [say(`did_${command}`, { n: done }), ...rest].join(" · ");
}
