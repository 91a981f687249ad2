// What the workbench asks of its server, and the words it says.

import { at } from "../urls.js";

const WORDS = JSON.parse(document.body.dataset.said);
const token = document.querySelector('#say input[name="_xsrf"]').value;

/** A phrase of the page with its names filled in. */
export const say = (name, values = {}) => WORDS[name].replace(/\{(\w+)\}/g, (_, key) => values[key]);

async function answer(call) {
  let response;
  try {
    response = await call;
  } catch {
    throw new Error(say("away"));
  }
  const body = await response.json().catch(() => null);
  if (!response.ok) throw new Error(say("failed", { message: body?.error?.message ?? response.statusText }));
  return body;
}

/** GET a path of the workbench with a query. */
export const get = (path, query) => answer(fetch(`${at(`workbench/${path}`)}?${new URLSearchParams(query)}`));

/** POST JSON to a path of the workbench. */
export const post = (path, body) =>
  answer(
    fetch(at(`workbench/${path}`), {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-XSRFToken": token },
      body: JSON.stringify(body),
    }),
  );
