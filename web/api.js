// Requests to the JSON API; a refusal becomes an ApiError that says it in the reader's language.

import { refusal, say } from "./text.js";
import { at } from "./urls.js";

export class ApiError extends Error {
  /** `status` is 0 when no answer of the server came; `english`: there are only the server's own words. */
  constructor(status, message, { english = false } = {}) {
    super(message);
    Object.assign(this, { status, english });
  }
}

async function answer(response) {
  const body = await response.json().catch(() => null);
  if (response.ok) return body;
  if (!body && response.status >= 500) throw new ApiError(0, say("unreachable")); // a proxy without its server
  const { code, message, values } = body?.error ?? {};
  const phrase = refusal(code, values ?? {});
  throw new ApiError(response.status, phrase ?? message ?? `${response.status} ${response.statusText}`, {
    english: !phrase,
  });
}

/** Ask for a path without its leading slash; the JSON answer. Throws ApiError; an abort passes as AbortError. */
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

/** Write an error where the reader looks for it; null takes the last one away. */
export function complain(element, error) {
  const message = document.createElement("span");
  message.textContent = error?.message ?? "";
  if (error?.english) message.lang = "en";
  element.replaceChildren(...(error ? [message] : []));
}
