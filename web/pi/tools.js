// What one can do with the digits of a job's page: go to a position, find a sequence, copy, download.

import { Picking } from "./picking.js";
import { useSearch } from "./search.js";
import { useTaking } from "./taking.js";
import { bare, say } from "../text.js";

const byId = (id) => document.getElementById(id);

/** A whole number from 1 to `most` typed into a field (larger ones are cut), or null with the field's message set. */
export function typed(input, most) {
  const text = bare(input.value);
  const value = /^\d{1,15}$/.test(text) ? Number(text) : 0;
  input.setCustomValidity(value >= 1 ? "" : say("position", { n: most }));
  if (input.reportValidity()) return Math.min(value, most);
  input.addEventListener("input", () => input.setCustomValidity(""), { once: true });
  return null;
}

/** Make the forms of the page, and the reader's hand, work on `digits`. */
export function useTools(digits) {
  useGo(digits);
  useSearch(digits);
  const taking = useTaking(digits, typed);
  new Picking(digits, (from, to) => taking.picked(from, to));
}

function useGo(digits) {
  const show = (position) => {
    digits.choose([position, position]);
    digits.go(position);
    digits.box.focus({ preventScroll: true });
  };
  byId("go").addEventListener("submit", (event) => {
    event.preventDefault();
    const position = typed(byId("position"), digits.limit);
    if (position !== null) show(position);
  });
  byId("go").querySelector(".start").addEventListener("click", () => show(1));
  byId("go").querySelector(".end").addEventListener("click", () => show(digits.limit));
}
