// The worker of the pictures: it reads the digits as they come, counts them, walks and draws. The page only sends what
// the reader does and shows what is told, so it stays at its sixty frames a second.

import { Painter } from "./painter.js";
import { Walk } from "./walk.js";

const TELL_EVERY = 100; // ms
const SLICE = 20; // ms of reading after which pictures and the reader get their turn: data at hand would not let them
const REST = 2; // times as long as a picture took nothing is drawn, so that digits go on coming

let walk, painter, timer;
let [last, took] = [0, 0]; // when the last picture was done, and how long it took

const does = {
  start({ canvas, address, n, width, height, colours }) {
    walk = new Walk(n);
    painter = new Painter(canvas, walk, n, colours);
    painter.resize(width, height);
    read(address).catch((error) => postMessage({ failed: error.message }));
  },
  size: ({ width, height }) => painter.resize(width, height),
  zoom: ({ factor, x, y }) => painter.zoom(factor, x, y),
  pan: ({ dx, dy }) => painter.pan(dx, dy),
  fit: () => painter.fit(),
  find({ x, y, reach }) {
    const position = walk.nearest(...painter.world(x, y), reach / painter.scale);
    if (position !== null) postMessage({ position });
  },
  async save() {
    painter.draw();
    postMessage({ picture: await painter.canvas.convertToBlob({ type: "image/png" }) });
  },
};

onmessage = ({ data: { name, ...values } }) => {
  does[name](values);
  draw();
};

async function read(address) {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
  let [told, begun] = [0, performance.now()];
  for (const reader = response.body.getReader(); ; ) {
    const { done, value } = await reader.read();
    if (done) break;
    walk.append(value);
    draw(took * REST);
    if (performance.now() - told > TELL_EVERY) {
      told = performance.now();
      tell(false);
    }
    if (performance.now() - begun > SLICE) {
      await new Promise((resume) => setTimeout(resume));
      begun = performance.now();
    }
  }
  draw();
  tell(true);
}

const tell = (done) => postMessage({ counts: walk.counts, done });

/** Draw at the next frame, or when `pause` ms have gone by since the last picture. */
function draw(pause = 0) {
  if (timer && pause > 0) return;
  clearTimeout(timer);
  timer = setTimeout(() => requestAnimationFrame(paint), Math.max(0, last + pause - performance.now()));
}

function paint() {
  timer = null;
  const begun = performance.now();
  painter.draw();
  last = performance.now();
  took = last - begun;
}
