// Taking digits along: to the clipboard or as a file, from any position on, as many as one likes. What is chosen by
// hand is what the fields say.

import { writeClipboard } from "../clipboard.js";
import { number, say } from "../text.js";
import { at } from "../urls.js";

const MOST_COPIED = 10_000_000; // what a clipboard takes without trouble; a download has no bound

const byId = (id) => document.getElementById(id);
const textOf = (from, to) => at(`v1/pi.txt?from=${from}&to=${to}`);

export function useTaking(digits, typed) {
  return new Taking(digits, typed);
}

class Taking {
  constructor(digits, typed) {
    Object.assign(this, { digits, typed, abort: new AbortController() });
    byId("copy").addEventListener("submit", (event) => {
      event.preventDefault();
      const run = this.run(event.submitter?.id === "download" ? Infinity : MOST_COPIED);
      if (run === null) return;
      if (event.submitter?.id === "download") this.download(...run);
      else this.copy(...run);
    });
    digits.box.addEventListener("copy", (event) => this.copied(event));
  }

  /** [from, to] as the fields say; null with a message if they say nothing sensible. */
  run(most) {
    const { limit } = this.digits;
    const from = byId("from").value.trim() === "" ? this.digits.first : this.typed(byId("from"), limit);
    if (from === null) return null;
    const count = this.typed(byId("count"), Math.min(most, limit - from + 1));
    return count === null ? null : [from, from + count - 1];
  }

  picked(from, to) {
    byId("from").value = number(from);
    byId("count").value = number(to - from + 1);
    byId("copied").textContent = say("picked", { n: to - from + 1, from, to });
  }

  /** The keyboard's copy: at once if the digits are here, else as soon as they have come. */
  copied(event) {
    const run = this.digits.chosen;
    if (run === null) return;
    event.preventDefault();
    const [from, to] = run;
    const here = this.digits.windows.read(from, to);
    if (here === null) return void this.copy(from, Math.min(to, from + MOST_COPIED - 1));
    event.clipboardData.setData("text/plain", here);
    this.tell(from, to);
  }

  async copy(from, to) {
    this.abort.abort();
    const { signal } = (this.abort = new AbortController());
    byId("copied").textContent = say("copying");
    try {
      const response = await fetch(textOf(from, to), { signal });
      if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
      await writeClipboard(await response.text());
      this.tell(from, to);
    } catch (error) {
      if (error.name !== "AbortError") byId("copied").textContent = `${say("copy_failed")}: ${error.message}`;
    }
  }

  tell(from, to) {
    byId("copied").textContent = say("copied", { n: to - from + 1, from });
  }

  download(from, to) {
    const link = document.createElement("a");
    link.href = textOf(from, to);
    link.download = "";
    link.click();
  }
}
