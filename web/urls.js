// Where the pages are: a proxy may serve them under a path of its own, which <body data-base> tells.

const BASE = document.body.dataset.base;

/** The URL of a path of the server, given without its leading slash: at("api/jobs"). */
export const at = (path) => BASE + path;
