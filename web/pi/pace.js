// How long a computation will still take, from the server's times alone.
//
// By its average speed so far the rest takes elapsed * (1 - p) / p. Each report corrects the last estimate, which runs
// down with the clock meanwhile, by SHARE of the difference: so the number falls steadily and does not jump about.

const SHARE = 0.3;
const LEAST = 0.02; // of the work, before which an average says nothing

export class Pace {
  constructor() {
    this.runs = new Map(); // n -> { at, progress, left }
  }

  /** Job `n`, taken at `started`, was at `progress` at the time `at`. */
  take(n, { started, progress, at }) {
    if (!started || progress < LEAST || progress >= 1) return;
    const last = this.runs.get(n);
    const same = last?.started === started;
    if (same && progress <= last.progress) return; // nothing new
    const fresh = ((at - started) * (1 - progress)) / progress;
    const left = same ? blend(Math.max(0, last.left - (at - last.at)), fresh) : fresh;
    this.runs.set(n, { started, at, progress, left });
  }

  /** Seconds that are left, never below 0; null if nobody can tell. */
  left(n, now) {
    const run = this.runs.get(n);
    return run ? Math.max(0, run.left - Math.max(0, now - run.at)) : null;
  }

  forget(n) {
    this.runs.delete(n);
  }
}

const blend = (last, fresh) => last + SHARE * (fresh - last);
