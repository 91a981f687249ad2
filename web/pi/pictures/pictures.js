// The pictures of a job's page: the distribution of the digits, and a walk that they lead. Both begin when the reader
// comes near them, and are made in a worker.

import * as distribution from "./distribution.js";
import { Hand, ZOOM } from "./hand.js";
import { say } from "../../text.js";
import { onColours } from "../../theme.js";
import { at } from "../../urls.js";

const MOST = 10_000_000; // digits that are drawn
const NEAR = "200px"; // of the window: so early drawing begins

export class Pictures {
  /** found(position) is called when the reader clicks a point of the walk. */
  constructor(section, found) {
    Object.assign(this, { section, found, limit: 0, near: false });
    this.able = "transferControlToOffscreen" in HTMLCanvasElement.prototype;
    new IntersectionObserver(([entry]) => this.come(entry.isIntersecting), { rootMargin: NEAR }).observe(section);
    const on = (name, act) => section.querySelector(name).addEventListener("click", act);
    on(".closer", () => this.hand.zoom(ZOOM));
    on(".farther", () => this.hand.zoom(1 / ZOOM));
    on(".whole", () => this.hand.fit());
    on(".save", () => this.send("save"));
    onColours(() => this.anew());
  }

  /** There are `limit` digits to draw. */
  show(limit) {
    const n = Math.min(limit, MOST);
    this.section.hidden = n === 0 || !this.able;
    if (n === this.limit) return;
    this.limit = n;
    this.anew();
  }

  /** Draw again: now, or when the reader comes near. */
  anew() {
    this.worker?.terminate();
    this.worker = null;
    this.restart();
  }

  come(near) {
    if (near === this.near) return;
    this.near = near;
    if (!this.worker) this.restart();
  }

  restart() {
    if (!this.near || this.limit === 0 || !this.able) return;
    this.section.dataset.drawing = true;
    this.section.querySelector(".trouble").textContent = "";
    this.worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
    this.worker.onmessage = ({ data }) => this.told(data);
    this.worker.onerror = () => this.told({ failed: "worker" });
    const canvas = this.fresh().transferControlToOffscreen();
    const address = new URL(at(`v1/pi.txt?from=1&to=${this.limit}`), location.href).href;
    const values = { canvas, address, n: this.limit, ...this.size, colours: this.colours };
    this.worker.postMessage({ name: "start", ...values }, [canvas]);
  }

  /** A canvas that no worker has yet. */
  fresh() {
    const old = this.section.querySelector("canvas");
    this.canvas = old.cloneNode(true);
    old.replaceWith(this.canvas);
    this.sizes?.disconnect();
    this.sizes = new ResizeObserver(() => this.send("size", this.size));
    this.sizes.observe(this.canvas);
    this.hand = new Hand(this.canvas, (name, values) => this.send(name, values));
    return this.canvas;
  }

  get size() {
    const { width, height } = this.canvas.getBoundingClientRect();
    const [wide, high] = [width, height].map((length) => Math.max(1, Math.round(length * devicePixelRatio)));
    return { width: wide, height: high };
  }

  get colours() {
    const paper = getComputedStyle(this.canvas).backgroundColor.match(/[\d.]+/g).slice(0, 3).map(Number);
    return { paper, dark: Math.max(...paper) < 128 };
  }

  send(name, values = {}) {
    this.worker?.postMessage({ name, ...values });
  }

  // -- what the worker tells

  told({ counts, done, position, picture, failed }) {
    if (position !== undefined) this.found(position);
    else if (picture) this.save(picture);
    else if (failed) this.fail();
    else this.count(counts, done);
  }

  count(counts, done) {
    distribution.draw(this.section.querySelector("svg"), counts);
    this.section.querySelector(".chi2").textContent = distribution.sentence(counts);
    if (done) delete this.section.dataset.drawing;
  }

  fail() {
    delete this.section.dataset.drawing;
    this.section.querySelector(".trouble").textContent = say("digits_failed");
  }

  save(picture) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(picture);
    link.download = `pi-walk-${this.limit}.png`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }
}
