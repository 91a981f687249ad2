// How often each of the ten digits occurs, against what chance would do.

import { number, percent, say } from "../../text.js";

const SVG = "http://www.w3.org/2000/svg";
const [WIDTH, HEIGHT, FOOT] = [400, 220, 24];
const SHARE = 0.1;

/** sigma: of one digit's number among n random ones; chi2: of all ten, with nine degrees of freedom. */
export function measure(counts) {
  const n = counts.reduce((sum, count) => sum + count, 0);
  const mean = n * SHARE;
  const chi2 = counts.reduce((sum, count) => sum + (count - mean) ** 2 / mean, 0);
  return { n, mean, sigma: Math.sqrt(n * SHARE * (1 - SHARE)), chi2, p: beyond(chi2) };
}

/** The probability that chi-square with nine degrees of freedom is at least x. */
export function beyond(x) {
  const series = Math.sqrt(x) * (1 + x / 3 + (x * x) / 15 + (x * x * x) / 105);
  return erfc(Math.sqrt(x / 2)) + Math.sqrt(2 / Math.PI) * Math.exp(-x / 2) * series;
}

/** Abramowitz and Stegun, 7.1.26: right to 1.5e-7. */
function erfc(x) {
  const t = 1 / (1 + 0.3275911 * x);
  const factors = [1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592];
  return factors.reduce((sum, factor) => sum * t + factor, 0) * t * Math.exp(-x * x);
}

/** Draw the counts into an <svg>: each bar reaches from the mean to the count, the band is two sigma wide. */
export function draw(svg, counts) {
  const { n, mean, sigma } = measure(counts);
  const reach = 1.15 * Math.max(3 * sigma, ...counts.map((count) => Math.abs(count - mean)));
  const y = (count) => (HEIGHT - FOOT) * (0.5 - (count - mean) / (2 * reach));
  const step = WIDTH / counts.length;
  const bars = counts.flatMap((count, digit) => [
    shape("rect", {
      class: "count", x: (digit + 0.2) * step, width: step * 0.6,
      y: Math.min(y(count), y(mean)), height: Math.max(1, Math.abs(y(count) - y(mean))),
    }, say("digit_count", { digit: String(digit), n: count, share: percentOf(count / n) })),
    shape("text", { x: (digit + 0.5) * step, y: HEIGHT - 6 }, null, String(digit)),
  ]);
  svg.replaceChildren(
    shape("rect", { class: "band", x: 0, width: WIDTH, y: y(mean + 2 * sigma), height: y(mean - 2 * sigma) - y(mean + 2 * sigma) }),
    shape("line", { x1: 0, x2: WIDTH, y1: y(mean), y2: y(mean) }),
    ...bars,
  );
}

/** What the counts say, in a sentence. */
export function sentence(counts) {
  const { n, chi2, p, mean, sigma } = measure(counts);
  const inside = counts.filter((count) => Math.abs(count - mean) <= 2 * sigma).length;
  const value = new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 2 }).format(chi2);
  return say("chi2", { n, inside: number(inside), chi2: value, p: percent(p) });
}

const percentOf = (share) =>
  new Intl.NumberFormat(document.documentElement.lang, { style: "percent", maximumFractionDigits: 3 }).format(share);

function shape(name, attributes, title, text) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (title) element.append(Object.assign(document.createElementNS(SVG, "title"), { textContent: title }));
  if (text) element.append(text);
  return element;
}
