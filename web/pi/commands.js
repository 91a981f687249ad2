// What the buttons of one job do: in the table and on the job's own page.

import { ask } from "../api.js";
import { offer, sure } from "../dialogs.js";
import { say } from "../text.js";
import { isCancellable, isRunning } from "./facts.js";

/**
 * Retry, cancel or remove, as the button says. Stopping what runs is asked for first; a removal can be taken back.
 * `back(job)` is called when it was. The job as it is now; null if nothing was done.
 */
export async function act(button, n, back = () => {}) {
  if (button.classList.contains("retry")) return ask("POST", `api/jobs/${n}/retry`);
  const status = () => button.closest("[data-status]").dataset.status;
  const meant = isCancellable(status());
  if (isRunning(status()) && !(await sure(say("ask_cancel", { n: Number(n) }), say("yes_cancel")))) return null;
  if (meant !== isCancellable(status())) return null; // it ended while the question stood: nothing to cancel
  const job = await ask("DELETE", `api/jobs/${n}`);
  if (job.status === "removed") {
    offer(say("undone", { n: Number(n) }), async () => back(await ask("POST", `api/jobs/${n}/restore`)));
  }
  return job;
}
