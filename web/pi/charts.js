// The strip of small charts: jobs, queue, turns and sessions of the last hour. Rules:
//
// 1. Nothing of it is loaded before the page has been painted; without it the page is whole.
// 2. uPlot is a plain script that leaves a global; it runs under the page's policy as it is.
// 3. A page that nobody sees asks for nothing.

import { ask } from "../api.js";
import { onColours } from "../theme.js";

const EVERY = 10_000; // ms
const MINUTE = 60; // seconds
const LANG = document.documentElement.lang;
const shown = new Intl.NumberFormat(LANG, { maximumFractionDigits: 2 });
const hour = new Intl.DateTimeFormat(LANG, { hour: "2-digit", minute: "2-digit" });

const BARS = () => window.uPlot.paths.bars({ size: [0.75] });

class Chart {
  constructor(figure, data) {
    this.figure = figure;
    this.plot = figure.querySelector(".plot");
    this.draw(data);
    new ResizeObserver(() => this.uplot.setSize(this.size)).observe(this.plot);
    onColours(() => this.draw(this.uplot.data));
  }

  get size() {
    return { width: Math.max(1, this.plot.clientWidth), height: Math.max(1, this.plot.clientHeight) };
  }

  draw(data) {
    this.uplot?.destroy();
    const colour = getComputedStyle(this.plot).color; // a custom property would come as light-dark(...), unresolved
    this.uplot = new window.uPlot(
      {
        ...this.size,
        padding: [4, 0, 0, 0],
        legend: { show: false },
        axes: [{ show: false }, { show: false }],
        cursor: { y: false, drag: { x: false, y: false }, sync: { key: "load" } },
        scales: {
          x: { range: (_, first, last) => [first - MINUTE / 2, last + MINUTE / 2] },
          y: { range: (_, __, most) => [0, Math.max(1, most ?? 1)] },
        },
        series: [{}, { fill: colour, width: 0, points: { show: false }, paths: BARS() }],
        hooks: { setCursor: [() => this.tell()], setData: [() => this.tell()] },
      },
      data,
      this.plot,
    );
    this.tell();
  }

  /** Write the value under the cursor, else the newest one. */
  tell() {
    if (!this.uplot) return;
    const [times, values] = this.uplot.data;
    const index = this.uplot.cursor.idx ?? null;
    const value = values[index ?? values.length - 1];
    this.figure.querySelector(".value").textContent = value === null ? "—" : shown.format(value);
    this.figure.querySelector(".when").textContent = index === null ? "" : hour.format(times[index] * 1000);
  }
}

class Strip {
  constructor(section) {
    this.section = section;
    this.charts = new Map();
    document.addEventListener("visibilitychange", () => this.look());
  }

  async look() {
    clearTimeout(this.timer);
    if (document.hidden) return;
    const hour = await ask("GET", "api/load").catch(() => null); // away: the feed says so
    if (hour) this.show(hour);
    this.timer = setTimeout(() => this.look(), EVERY);
  }

  show({ minutes, ...series }) {
    for (const [name, values] of Object.entries(series)) {
      const figure = this.section.querySelector(`[data-series="${name}"]`);
      if (this.charts.has(name)) this.charts.get(name).uplot.setData([minutes, values]);
      else this.charts.set(name, new Chart(figure, [minutes, values]));
    }
  }
}

/** Whether the browser could load what the element names. */
function load(element) {
  return new Promise((resolve) => {
    element.onload = () => resolve(true);
    element.onerror = () => resolve(false);
    document.head.append(element);
  });
}

async function start(section) {
  const [script, style] = ["iife.min.js", "min.css"].map((name) => new URL(`../uplot/uPlot.${name}`, import.meta.url));
  const loaded = await Promise.all([
    load(Object.assign(document.createElement("link"), { rel: "stylesheet", href: style })),
    load(Object.assign(document.createElement("script"), { src: script })),
  ]);
  if (loaded.every(Boolean)) new Strip(section).look(); // else the values stay as the server wrote them
}

requestAnimationFrame(() => setTimeout(() => start(document.getElementById("charts"))));
