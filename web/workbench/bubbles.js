// The conversation: what was said and answered, with cards and sounds.

import { say } from "./server.js";

const list = document.getElementById("bubbles");
const log = document.getElementById("log");
/** Where the platform shows the pictures of skills. */
const PICTURES = "https://avatars.mds.yandex.net/get-dialogs/";

function element(name, className, text = "") {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
}

function picture(id) {
  if (!id) return [];
  const image = element("img", "");
  image.src = `${PICTURES}${id}/one-x1`;
  image.alt = id;
  image.loading = "lazy";
  return [image];
}

function card(shown) {
  const whole = element("div", "card");
  const parts = [shown.header, shown, ...(shown.items ?? []), shown.footer].filter(Boolean);
  for (const part of parts) {
    const text = [part.title, part.text, part.description].filter(Boolean).join("\n");
    whole.append(...picture(part.image_id), ...(text ? [element("div", "", text)] : []));
  }
  return whole;
}

function sound(directives) {
  const url = directives?.audio_player?.item?.stream?.url;
  if (!url) return [];
  const player = element("audio", "");
  Object.assign(player, { controls: true, src: url, preload: "none" });
  return [player];
}

function bubbles(turn, isLater) {
  const later = isLater ? " later" : "";
  const you = element("li", `you${later}`, turn.said || say("enter"));
  const steps = turn.ops.map((op) => element("li", "note", say(`step_${op.kind}`, op)));
  const alice = element("li", `alice${later}`, turn.answered);
  const { response } = turn.answer;
  if (response.card) alice.append(card(response.card));
  alice.append(...sound(response.directives));
  const end = response.end_session ? [element("li", "note", say("ended"))] : [];
  return [you, ...steps, alice, ...end];
}

/** Show the turns; those from `until` on are faint: the script stands before them. */
export function show(turns, until) {
  list.replaceChildren(...turns.flatMap((turn, n) => bubbles(turn, n >= until)));
  log.scrollTop = log.scrollHeight;
}
