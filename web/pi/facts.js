// What the service alone decides: the server's FACTS, which come with the words of the page's language.

export const { FACTS } = await import(document.body.dataset.words);

export const isFinished = (status) => FACTS.finished.includes(status);

export const isRetryable = (status) => FACTS.retryable.includes(status);

/** Whether a job can still be cancelled; what cannot is removed. */
export const isCancellable = (status) => FACTS.cancellable.includes(status);

/** Whether somebody computes it right now. */
export const isRunning = (status) => status === FACTS.reporting || status === "calculated";

/** Whether an event only says how far the work is; the progress bar shows these. */
export const isReport = ({ stage, progress }) => stage === FACTS.reporting && progress > 0;
