// What one can do with the digits of a job's page: go to a position, find a sequence, copy.

import { ask } from "../api.js";
import { FACTS } from "./facts.js";
import { bare, say } from "../text.js";
import { fetchDigits } from "./windows.js";

const MOST_COPIED = 100_000;

const byId = (id) => document.getElementById(id);

const within = (value, most) => Math.min(Math.max(1, value), most);

/** A whole number typed into a field, or null with the field's message set. */
function typed(input, most) {
  const text = bare(input.value);
  const value = /^\d{1,15}$/.test(text) ? Number(text) : 0;
  input.setCustomValidity(value >= 1 ? "" : say("position", { n: most }));
  if (input.reportValidity()) return within(value, most);
  input.addEventListener("input", () => input.setCustomValidity(""), { once: true });
  return null;
}

/** Make the three forms of the page work on `digits`. */
export function useTools(digits) {
  const show = (from, to = from) => {
    digits.mark("aim", from, to);
    digits.go(within(from, digits.limit));
    digits.box.focus({ preventScroll: true });
  };
  useGo(digits, show);
  useSearch(digits, show);
  useCopy(digits);
}

function useGo(digits, show) {
  byId("go").addEventListener("submit", (event) => {
    event.preventDefault();
    const position = typed(byId("position"), digits.limit);
    if (position !== null) show(position);
  });
  byId("go").querySelector(".start").addEventListener("click", () => show(1));
  byId("go").querySelector(".end").addEventListener("click", () => show(digits.limit));
}

function useSearch(digits, show) {
  const input = byId("sequence");
  const found = byId("found");
  const button = byId("search").querySelector("button");
  const first = button.textContent;
  let start = 1; // the first position after the point

  input.addEventListener("input", () => {
    start = 1;
    button.textContent = first;
    found.textContent = "";
  });
  byId("search").addEventListener("submit", async (event) => {
    event.preventDefault();
    const sequence = bare(input.value).replace(/[.\-/]/g, ""); // a date is typed with points
    if (!/^\d+$/.test(sequence) || sequence.length > FACTS.longest) {
      return void (found.textContent = say("search_digits", { n: FACTS.longest }));
    }
    found.textContent = say("searching");
    try {
      const { position, searched } = await ask("GET", `api/search?q=${sequence}&start=${start}`);
      if (position === null) return void (found.textContent = say("not_found", { n: searched }));
      const beyond = position + sequence.length - 1 > digits.limit;
      found.textContent = say(beyond ? "found_beyond" : "found", { n: position });
      if (!beyond) show(position, position + sequence.length - 1);
      start = position + 1;
      button.textContent = say("search_next");
    } catch (error) {
      found.textContent = error.message;
    }
  });
}

function useCopy(digits) {
  const copied = byId("copied");
  let abort = new AbortController();
  byId("copy").addEventListener("submit", async (event) => {
    event.preventDefault();
    const from = within(digits.first, digits.limit);
    const most = Math.min(MOST_COPIED, digits.limit - from + 1);
    const count = typed(byId("count"), most);
    if (count === null) return;
    abort.abort();
    abort = new AbortController();
    copied.textContent = say("copying");
    try {
      await write(await collect(from, count, abort.signal));
      copied.textContent = say("copied", { n: count, from });
    } catch (error) {
      if (error.name !== "AbortError") copied.textContent = `${say("copy_failed")}: ${error.message}`;
    }
  });
}

async function collect(from, count, signal) {
  let digits = "";
  while (digits.length < count) {
    digits += await fetchDigits(from + digits.length, Math.min(FACTS.window, count - digits.length), signal);
  }
  return digits;
}

/** Put text on the clipboard; over plain http from another machine only the old way is allowed. */
async function write(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = document.body.appendChild(document.createElement("textarea"));
  area.className = "unseen";
  area.value = text;
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (!done) throw new Error(say("copy_failed"));
}
