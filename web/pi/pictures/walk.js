// A walk through the plane: each digit d turns it by 36°·d, then it goes one step. No canvas here, only geometry.
//
// Ten million points would be 80 MB of coordinates; kept are the digits, and of every block of steps where it begins,
// how it is turned there, and its bounds. So what is out of view costs nothing, and the rest is walked again.

export const BLOCK = 1024; // steps
const TURNS = 10;
const DX = Float64Array.from({ length: TURNS }, (_, turn) => Math.cos((turn * 2 * Math.PI) / TURNS));
const DY = Float64Array.from({ length: TURNS }, (_, turn) => -Math.sin((turn * 2 * Math.PI) / TURNS));

export class Walk {
  constructor(most) {
    this.digits = new Uint8Array(most);
    this.length = 0;
    this.blocks = []; // { x, y, turn, left, right, top, bottom }
    this.x = this.y = this.turn = 0;
    this.counts = new Array(TURNS).fill(0);
    Object.assign(this, { left: 0, right: 0, top: 0, bottom: 0 });
  }

  /** Go on by digits, given as bytes of ASCII text. */
  append(text) {
    for (const byte of text) {
      if (this.length % BLOCK === 0) this.begin();
      this.step(byte - 48);
    }
  }

  begin() {
    const { x, y, turn } = this;
    this.blocks.push({ x, y, turn, left: x, right: x, top: y, bottom: y });
  }

  step(digit) {
    this.digits[this.length++] = digit;
    this.counts[digit]++;
    this.turn = (this.turn + digit) % TURNS;
    this.x += DX[this.turn];
    this.y += DY[this.turn];
    widen(this.blocks[this.blocks.length - 1], this.x, this.y);
    widen(this, this.x, this.y);
  }

  /** Call visit(index, block) for each block that touches the bounds. */
  within({ left, right, top, bottom }, visit) {
    this.blocks.forEach((block, index) => {
      if (block.left <= right && block.right >= left && block.top <= bottom && block.bottom >= top) visit(index, block);
    });
  }

  /** Call visit(x, y, position) for each point of a block, its beginning (the end of the one before) first. */
  points(index, visit) {
    let { x, y, turn } = this.blocks[index];
    const first = index * BLOCK;
    const end = Math.min(first + BLOCK, this.length);
    visit(x, y, first);
    for (let at = first; at < end; at++) {
      turn = (turn + this.digits[at]) % TURNS;
      x += DX[turn];
      y += DY[turn];
      visit(x, y, at + 1);
    }
  }

  /** The position whose point is nearest to x, y, and not farther than `reach`; null if there is none. */
  nearest(x, y, reach) {
    let [best, position] = [reach * reach, null];
    this.within({ left: x - reach, right: x + reach, top: y - reach, bottom: y + reach }, (index) => {
      this.points(index, (px, py, at) => {
        const distance = (px - x) ** 2 + (py - y) ** 2;
        if (at > 0 && distance <= best && (distance < best || position === null)) [best, position] = [distance, at];
      });
    });
    return position;
  }
}

function widen(bounds, x, y) {
  if (x < bounds.left) bounds.left = x;
  if (x > bounds.right) bounds.right = x;
  if (y < bounds.top) bounds.top = y;
  if (y > bounds.bottom) bounds.bottom = y;
}
