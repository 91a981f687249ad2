// The websocket of events. Rules:
//
// 1. The cursor is the id of the last event told; a connection asks for everything after it.
// 2. An event with an id not above the cursor was told before and is dropped, so nothing is told twice.
// 3. Events wait for the next animation frame and are told together: a burst costs one redraw. A hidden
//    page gets no frames; a timer takes their place there, so that nothing piles up.
// 4. A lost connection is tried again after 0.5, 1, 2 ... 10 s (with jitter, so that pages do not all
//    come back at once), and at once when the network or the reader comes back.
// 5. A server whose newest id lies below the cursor has another history (its data were replaced):
//    the cursor goes back to it and the page must load everything anew.
// 6. While there is no connection the page asks by HTTP, at once and then every POLL. An answer tells a websocket that
//    is refused on the way ("refused": the page lives on these answers) from a server that is "away", or "offline".
// 7. After IDLE in a hidden tab the connection is closed ("asleep"); when the reader comes back it catches up.

import { ask } from "./api.js";
import { hear } from "./clock.js";
import { say } from "./text.js";
import { at } from "./urls.js";

const FIRST_DELAY = 500; // ms
const LONGEST_DELAY = 10_000; // ms
const HIDDEN_PAUSE = 500; // ms between the batches of a hidden page
const POLL = 4000; // ms
const IDLE = 30_000; // ms
const REFUSALS = 2; // tries that must fail while HTTP is answered before the websocket counts as refused

export class Feed {
  /** tell(events) gets each batch, state(name) each change of rules 6 and 7 or "live", reset() rule 5, poll() asks. */
  constructor(cursor, { tell, state, reset, poll = () => ask("GET", "api/jobs?per_page=1") }) {
    Object.assign(this, { cursor, tell, reset, poll });
    this.waiting = [];
    this.delay = FIRST_DELAY;
    this.refusals = 0;
    this.state = (name) => {
      this.now = name;
      state(name);
    };
    addEventListener("online", () => this.hurry());
    addEventListener("offline", () => this.now === "live" || this.state("offline"));
    document.addEventListener("visibilitychange", () => (document.hidden ? this.doze() : this.wake()));
    this.connect();
  }

  connect() {
    clearTimeout(this.timer);
    this.timer = null;
    if (!this.now) this.state("connecting");
    const address = new URL(at(`api/events?batch=1&after=${this.cursor}`), location.href);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    this.socket = new WebSocket(address);
    this.socket.onmessage = ({ data }) => [JSON.parse(data)].flat().forEach((event) => this.take(event));
    this.socket.onclose = () => this.retry();
  }

  retry() {
    if (this.now === "live") this.now = "lost";
    else this.refusals += 1;
    this.timer = setTimeout(() => this.connect(), this.delay * (0.5 + Math.random() / 2));
    this.delay = Math.min(this.delay * 2, LONGEST_DELAY);
    this.look();
  }

  hurry() {
    if (this.timer) this.connect(); // else connected, or just trying
  }

  async look() {
    clearTimeout(this.looking);
    const reached = await this.poll().then(() => true, ({ name, status }) => name === "AbortError" || status > 0);
    if (this.now === "live" || this.now === "asleep") return;
    clearTimeout(this.looking);
    this.looking = setTimeout(() => this.look(), POLL);
    if (!reached) {
      this.refusals = 0;
      this.state(navigator.onLine ? "away" : "offline");
    } else if (this.refusals >= REFUSALS) this.state("refused");
    else this.hurry();
  }

  take(event) {
    if (event.stage === "hello") return this.greet(event.id);
    if (event.id <= this.cursor) return;
    this.cursor = event.id;
    hear(event.at);
    if (this.waiting.push(event) > 1) return; // a redraw is on its way
    if (document.hidden) setTimeout(() => this.flush(), HIDDEN_PAUSE);
    else requestAnimationFrame(() => this.flush());
  }

  flush() {
    if (this.waiting.length) this.tell(this.waiting.splice(0));
  }

  greet(newest) {
    this.delay = FIRST_DELAY;
    this.refusals = 0;
    clearTimeout(this.looking);
    this.state("live");
    if (newest >= this.cursor) return;
    this.cursor = newest;
    this.reset();
  }

  doze() {
    this.flush();
    this.dozing = setTimeout(() => this.sleep(), IDLE);
  }

  sleep() {
    for (const timer of [this.timer, this.looking]) clearTimeout(timer);
    this.timer = null;
    this.socket.onclose = null;
    this.socket.close();
    this.state("asleep");
  }

  wake() {
    clearTimeout(this.dozing);
    if (this.now === "asleep") {
      this.now = "lost";
      this.connect();
    } else this.hurry();
  }
}

/** Returns what shows the connection's state in `element`; further tries of a lost connection are no news. */
export function showState(element) {
  return (state) => {
    if (element.dataset.state === state) return;
    element.hidden = false;
    element.dataset.state = state;
    element.textContent = say(state, { n: POLL / 1000 });
  };
}
