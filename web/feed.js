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

import { say } from "./text.js";
import { at } from "./urls.js";

const FIRST_DELAY = 500; // ms
const LONGEST_DELAY = 10_000; // ms
const HIDDEN_PAUSE = 500; // ms between the batches of a hidden page

export class Feed {
  /** tell(events) gets each batch, state("connecting" | "live" | "lost") each change, reset() rule 5. */
  constructor(cursor, { tell, state, reset }) {
    Object.assign(this, { cursor, tell, state, reset });
    this.waiting = [];
    this.delay = FIRST_DELAY;
    addEventListener("online", () => this.hurry());
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) this.flush();
      else this.hurry();
    });
    this.connect();
  }

  connect() {
    this.timer = null;
    this.state("connecting");
    const address = new URL(at(`api/events?after=${this.cursor}`), location.href);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    this.socket = new WebSocket(address);
    this.socket.onmessage = (message) => this.take(JSON.parse(message.data));
    this.socket.onclose = () => this.retry();
  }

  retry() {
    this.state("lost");
    this.timer = setTimeout(() => this.connect(), this.delay * (0.5 + Math.random() / 2));
    this.delay = Math.min(this.delay * 2, LONGEST_DELAY);
  }

  hurry() {
    if (this.timer === null) return; // connected, or just trying
    clearTimeout(this.timer);
    this.connect();
  }

  take(event) {
    if (event.stage === "hello") return this.greet(event.id);
    if (event.id <= this.cursor) return;
    this.cursor = event.id;
    if (this.waiting.push(event) > 1) return; // a redraw is on its way
    if (document.hidden) setTimeout(() => this.flush(), HIDDEN_PAUSE);
    else requestAnimationFrame(() => this.flush());
  }

  flush() {
    if (this.waiting.length) this.tell(this.waiting.splice(0));
  }

  greet(newest) {
    this.delay = FIRST_DELAY;
    this.state("live");
    if (newest >= this.cursor) return;
    this.cursor = newest;
    this.reset();
  }
}

/** Returns what shows the connection's state in `element`; further tries of a lost connection are no news. */
export function showState(element) {
  return (state) => {
    if (state === "connecting" && element.dataset.state) return;
    element.hidden = false;
    element.dataset.state = state;
    element.textContent = say(state);
  };
}
