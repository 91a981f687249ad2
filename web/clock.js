// The server's clock. An event is heard after it happened, so the one that came quickest tells the difference best.

let ahead = Number(document.body.dataset.now ?? Date.now() / 1000) - Date.now() / 1000;

/** UNIX seconds, as the server counts them. */
export const now = () => Date.now() / 1000 + ahead;

/** Something that the server dated `at` has just come. */
export const hear = (at) => {
  ahead = Math.max(ahead, at - Date.now() / 1000);
};
