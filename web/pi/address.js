// The page's address and what it asks for: filter, order and page of the table, as the server reads them too.

import { at } from "../urls.js";
import { FACTS } from "./facts.js";

/** What is shown when the address says nothing. */
export const DEFAULTS = { status: "", q: "", least: "", most: "", age: "", error: "", sort: FACTS.sort, page: 1 };
/** The names that say which jobs belong to a view. */
export const FILTERS = ["status", "q", "least", "most", "age", "error"];

const DIGITS = /^\d{1,15}$/;
const MEANS = {
  status: (text) => FACTS.listed.includes(text),
  q: (text) => DIGITS.test(text),
  least: (text) => DIGITS.test(text),
  most: (text) => DIGITS.test(text),
  age: (text) => DIGITS.test(text),
  error: (text) => text.length <= 100,
  sort: (text) => FACTS.sorts.includes(text.replace(/^-/, "")),
  page: (text) => /^[1-9]\d{0,8}$/.test(text),
};

/** What a query string asks for; what means nothing is as usual. */
export function read(query) {
  const given = new URLSearchParams(query);
  const wish = { ...DEFAULTS };
  for (const [name, means] of Object.entries(MEANS)) {
    const text = given.get(name)?.trim();
    if (text && means(text)) wish[name] = name === "page" ? Number(text) : text;
  }
  return wish;
}

/** The address that asks for `wish`; read(address of wish) is wish again. */
export function write(wish) {
  const query = new URLSearchParams();
  for (const [name, usual] of Object.entries(DEFAULTS)) if (wish[name] !== usual) query.set(name, wish[name]);
  return at(query.size ? `?${query}` : "");
}

/** The filters of `wish` that are set. */
export const filters = (wish) =>
  Object.fromEntries(FILTERS.filter((name) => wish[name] !== "").map((name) => [name, wish[name]]));
