// A walk on a canvas, its colour running from the first position to the last.

import { BLOCK } from "./walk.js";

const SHADES = 256;
const LINES_FROM = 1.5; // px a step: above it steps are lines, below it points, which are a hundred times as fast
const MARGIN = 0.06; // of the picture, free on every side when the whole is shown
const FARTHEST_ZOOM = 60; // px a step

export class Painter {
  constructor(canvas, walk, total, { paper, dark }) {
    Object.assign(this, { canvas, walk, total });
    this.context = canvas.getContext("2d");
    this.paper = paper;
    this.shades = Array.from({ length: SHADES }, (_, k) => hsl(15 + (305 * k) / SHADES, 0.75, dark ? 0.64 : 0.42));
    this.whole = true; // the view follows the walk as it grows, until the reader takes it
  }

  resize(width, height) {
    Object.assign(this.canvas, { width, height });
  }

  fit() {
    this.whole = true;
  }

  /** Zoom about a point of the canvas. */
  zoom(factor, x, y) {
    this.take();
    const scale = Math.min(Math.max(this.scale * factor, this.fitting.scale / 2), FARTHEST_ZOOM);
    const [worldX, worldY] = this.world(x, y);
    this.scale = scale;
    this.x = worldX - (x - this.canvas.width / 2) / scale;
    this.y = worldY - (y - this.canvas.height / 2) / scale;
  }

  pan(dx, dy) {
    this.take();
    this.x -= dx / this.scale;
    this.y -= dy / this.scale;
  }

  take() {
    if (this.whole) Object.assign(this, this.fitting);
    this.whole = false;
  }

  /** The point of the walk's plane under a point of the canvas. */
  world(x, y) {
    return [this.x + (x - this.canvas.width / 2) / this.scale, this.y + (y - this.canvas.height / 2) / this.scale];
  }

  /** The view that shows all of the walk. */
  get fitting() {
    const { left, right, top, bottom } = this.walk;
    const [width, height] = [Math.max(1, right - left), Math.max(1, bottom - top)];
    const room = 1 - 2 * MARGIN;
    const scale = Math.min((this.canvas.width * room) / width, (this.canvas.height * room) / height, FARTHEST_ZOOM);
    return { scale, x: (left + right) / 2, y: (top + bottom) / 2 };
  }

  draw() {
    if (this.whole) Object.assign(this, this.fitting);
    this.context.fillStyle = rgb(this.paper);
    this.context.fillRect(0, 0, this.canvas.width, this.canvas.height);
    if (this.scale > LINES_FROM) this.lines();
    else this.dots();
  }

  visible(visit) {
    const [left, top] = this.world(0, 0);
    const [right, bottom] = this.world(this.canvas.width, this.canvas.height);
    this.walk.within({ left, right, top, bottom }, visit);
  }

  shade(block) {
    return this.shades[Math.min(SHADES - 1, Math.floor((block * BLOCK * SHADES) / this.total))];
  }

  lines() {
    const [offsetX, offsetY] = this.offset;
    Object.assign(this.context, { lineWidth: Math.min(3, Math.max(1, this.scale / 6)), lineJoin: "round" });
    this.visible((index) => {
      this.context.strokeStyle = rgb(this.shade(index));
      this.context.beginPath();
      this.walk.points(index, (x, y) => this.context.lineTo(x * this.scale + offsetX, y * this.scale + offsetY));
      this.context.stroke();
    });
  }

  dots() {
    const { width, height } = this.canvas;
    const picture = this.context.getImageData(0, 0, width, height);
    const pixels = new Uint32Array(picture.data.buffer);
    const [offsetX, offsetY] = this.offset;
    this.visible((index) => {
      const [red, green, blue] = this.shade(index);
      const colour = (255 << 24) | (blue << 16) | (green << 8) | red; // as little-endian machines have it
      this.walk.points(index, (x, y) => {
        const column = Math.floor(x * this.scale + offsetX);
        const row = Math.floor(y * this.scale + offsetY);
        if (column >= 0 && column < width && row >= 0 && row < height) pixels[row * width + column] = colour;
      });
    });
    this.context.putImageData(picture, 0, 0);
  }

  get offset() {
    return [this.canvas.width / 2 - this.x * this.scale, this.canvas.height / 2 - this.y * this.scale];
  }
}

const rgb = ([red, green, blue]) => `rgb(${red} ${green} ${blue})`;

/** [red, green, blue], each 0..255, of a hue in degrees. */
function hsl(hue, saturation, lightness) {
  const reach = saturation * Math.min(lightness, 1 - lightness);
  return [0, 8, 4].map((shift) => {
    const at = (shift + hue / 30) % 12;
    return Math.round(255 * (lightness - reach * Math.max(-1, Math.min(at - 3, 9 - at, 1))));
  });
}
