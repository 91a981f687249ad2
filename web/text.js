// Words, numbers, dates and durations in the language of the page.

const LANG = document.documentElement.lang;
const { WORDS } = await import(document.body.dataset.words); // a module of its own for each language

const whole = new Intl.NumberFormat(LANG, { useGrouping: "always" });
const share = new Intl.NumberFormat(LANG, { style: "percent", maximumFractionDigits: 0 });
const fineShare = new Intl.NumberFormat(LANG, { style: "percent", maximumSignificantDigits: 2 });
const sureShare = new Intl.NumberFormat(LANG, { style: "percent", maximumFractionDigits: 2 });
const date = new Intl.DateTimeFormat(LANG, { dateStyle: "medium", timeStyle: "medium" });
const clock = new Intl.DateTimeFormat(LANG, { timeStyle: "medium" });
const fine = new Intl.DateTimeFormat(LANG, {
  hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3,
});

export const number = (value) => whole.format(value);
export const percent = (fraction) => share.format(fraction);

/** A probability of any size: 9.5 %, > 99.99 %, 1 : 10^12. */
export function rare(probability) {
  if (probability > 0.9999) return `> ${sureShare.format(0.9999)}`;
  if (probability > 0.99) return sureShare.format(probability);
  if (probability >= 0.000_001) return fineShare.format(probability);
  return `1 : 10${superscript(Math.round(-Math.log10(probability)))}`;
}

const superscript = (value) => [...String(value)].map((digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit]).join("");

/** Whether texts.py has the phrase `key`: of what has none nothing is said. */
export const has = (key) => key in WORDS;

/** The phrase `key` of texts.py with its {names} filled in; numbers are formatted. */
export const say = (key, values = {}) => fill(WORDS[key], values);

function fill(phrase, values) {
  return phrase.replace(/\{(\w+)\}/g, (_, name) => {
    const value = values[name];
    return typeof value === "number" ? number(value) : String(value ?? "");
  });
}

/** What a refusal of the server says, by its code and values; undefined if there are no words. See texts.explain. */
export function refusal(code, values) {
  const reason = values.reason === "whole" && values.most === null ? "whole_from" : (values.reason ?? code);
  const phrase = WORDS.refusals[reason];
  return phrase && fill(phrase, { ...values, state: statusWord(values.state) });
}

export const statusWord = (status) => WORDS.status[status] ?? status;

function unit(value, name, digits) {
  return new Intl.NumberFormat(LANG, {
    style: "unit", unit: name, unitDisplay: "short", maximumFractionDigits: digits,
  }).format(value);
}

/** Seconds as a person reads them: 12 ms, 3.4 s, 2 min 5 s, 1 hr 3 min. */
export function duration(seconds) {
  if (seconds < 0.9995) return unit(seconds * 1000, "millisecond", seconds < 0.01 ? 1 : 0);
  if (seconds < 59.95) return unit(seconds, "second", seconds < 10 ? 2 : 1);
  const total = Math.round(seconds);
  if (total < 3600) return `${unit(Math.floor(total / 60), "minute", 0)} ${unit(total % 60, "second", 0)}`;
  return `${unit(Math.floor(total / 3600), "hour", 0)} ${unit(Math.floor((total % 3600) / 60), "minute", 0)}`;
}

/** Seconds that are left, rounded as one would say them. */
export const remaining = (seconds) => duration(seconds < 10 ? Math.ceil(seconds) : Math.round(seconds / 5) * 5);

/** Write a UNIX time into a <time>: the hour alone when it is today, the date as well otherwise. */
export function writeTime(element, at, { milliseconds = false } = {}) {
  const when = new Date(at * 1000);
  const today = when.toDateString() === new Date().toDateString();
  const format = today ? (milliseconds ? fine : clock) : date;
  element.dateTime = when.toISOString();
  element.textContent = format.format(when);
  element.title = date.format(when);
}

/** Digits only, as typed or pasted with spaces, commas or underscores between the thousands. */
export const bare = (typed) => typed.replace(/[\s\u00a0\u202f,_]/g, "");
