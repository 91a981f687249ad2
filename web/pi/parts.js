// The parts of a job's page that only the server can write: the digit among its neighbours, speed, timeline.

import { at } from "../urls.js";

const PAUSE = 1000; // ms between two looks, however many reports of progress come

export class Parts {
  constructor(n) {
    this.address = at(`pi/${n}/now?lang=${document.documentElement.lang}`);
    this.timer = null;
    this.last = 0;
  }

  /** Bring them up to date, soon. */
  refresh() {
    if (this.timer !== null) return;
    this.timer = setTimeout(() => this.fetch(), Math.max(0, this.last + PAUSE - Date.now()));
  }

  async fetch() {
    this.timer = null;
    this.last = Date.now();
    const response = await fetch(this.address).catch(() => null); // away? the feed says so, and calls again
    if (!response?.ok) return;
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
    for (const part of [...fresh.body.children]) document.getElementById(part.id).replaceWith(part);
  }
}
