// What the service alone decides, as the page got it: the server's FACTS, in a data attribute.

export const FACTS = JSON.parse(document.body.dataset.facts);

export const isFinished = (status) => FACTS.finished.includes(status);

export const isRetryable = (status) => FACTS.retryable.includes(status);

/** Whether an event only says how far the work is; the progress bar shows these. */
export const isReport = ({ stage, progress }) => stage === FACTS.reporting && progress > 0;
