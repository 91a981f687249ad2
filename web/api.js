// Requests to the JSON API; a refusal becomes an ApiError that carries the server's message.

import { say } from "./text.js";
import { at } from "./urls.js";

export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function answer(response) {
  const body = await response.json().catch(() => null);
  if (response.ok) return body;
  throw new ApiError(response.status, body?.error?.message ?? `${response.status} ${response.statusText}`);
}

/** Ask for a path without its leading slash and return the JSON answer. Throws ApiError; an abort passes through as AbortError. */
export async function ask(method, path, { body, signal } = {}) {
  const options = { method, signal };
  if (method !== "GET") {
    options.headers = { "Content-Type": "application/json" };
    options.body = JSON.stringify(body ?? {});
  }
  let response;
  try {
    response = await fetch(at(path), options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, say("unreachable"));
  }
  return answer(response);
}

/** What a button of the form `actions` does, told by its class: retry, or cancel and remove. */
export function act(button, n) {
  return button.classList.contains("retry")
    ? ask("POST", `api/jobs/${n}/retry`)
    : ask("DELETE", `api/jobs/${n}`);
}
