// The workbench: talk to the skill, see its script, go back, go on elsewhere, save what was said.

import * as bubbles from "./bubbles.js";
import { begin, current, dialogs, keep } from "./dialogs.js";
import { get, post, say } from "./server.js";
import { showFiles, showFrames, showPrompts } from "./source.js";
import { listenBy, speak } from "./voice.js";

const find = (id) => document.getElementById(id);
const wrong = find("wrong");
const slider = find("turn");
/** Milliseconds between two looks whether the script has changed. */
const PACE = 1000;
let version = "";

async function trying(action) {
  try {
    await action();
    wrong.textContent = "";
  } catch (error) {
    wrong.textContent = error.message;
  }
}

function showChoice() {
  const buttons = dialogs.all.map((dialog, n) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = say("dialog", { n: dialog.number });
    button.setAttribute("aria-pressed", String(n === dialogs.current));
    button.addEventListener("click", () => trying(() => turnTo(n)));
    return button;
  });
  find("dialogs").replaceChildren(...buttons);
}

async function turnTo(n) {
  dialogs.current = n;
  find("skill").value = current().skill;
  await showScript();
  await showDialog();
}

/** What could be touched after a turn; only the last one's buttons can be pressed. */
function showTouch(turn, isLast) {
  const buttons = (turn?.touch ?? []).map((touch) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = touch.title;
    if (touch.url) button.title = say("opens", touch);
    button.disabled = !touch.send || !isLast;
    button.addEventListener("click", () => trying(() => play({ send: touch.send })));
    return button;
  });
  find("touch").replaceChildren(...buttons);
}

function showPanes(dialog, turn) {
  const { state = {}, session_state = {}, account = {} } = dialog.device;
  const pretty = (value) => (value ? JSON.stringify(value, null, 2) : say("none"));
  find("state").textContent = pretty({ session: session_state, user: account.state ?? {}, application: state });
  find("request").textContent = pretty(turn?.request);
  find("reply").textContent = pretty(turn?.answer);
  find("deadline").value = dialog.seconds;
  find("seconds").textContent = say("seconds", { n: dialog.seconds.toFixed(3) });
}

function showDevice({ device }) {
  for (const box of find("device").querySelectorAll("input[name]")) {
    box.checked = box.name in device ? device[box.name] : (device.interfaces?.includes(box.name) ?? true);
  }
}

/** The device as the boxes have it. */
function deviceOf(dialog) {
  const boxes = [...find("device").querySelectorAll("input[name]")];
  const flags = boxes.filter((box) => ["screen", "logged_in"].includes(box.name));
  const interfaces = boxes.filter((box) => !flags.includes(box) && box.checked).map((box) => box.name);
  return { ...dialog.device, ...Object.fromEntries(flags.map((box) => [box.name, box.checked])), interfaces };
}

/** Show a dialog as it stands after `until` turns; after all of them by default. */
async function showDialog(until) {
  const dialog = current();
  showChoice();
  showDevice(dialog);
  keep();
  const query = { skill: dialog.skill, session: dialog.device.session_id ?? "" };
  if (until !== undefined) query.turn = until;
  const seen = await get("look", query);
  if (dialog !== current()) return; // the reader has turned to another one meanwhile
  const at = until ?? seen.turns.length;
  showTouch(seen.turns[at - 1], at === seen.turns.length);
  showPanes(dialog, seen.turns[at - 1]);
  bubbles.show(seen.turns, at);
  showFrames(seen.frames);
  Object.assign(slider, { max: seen.turns.length, value: at });
  find("turns").textContent = say("turns", { n: at, all: seen.turns.length });
  find("branch").disabled = at === 0;
  find("trouble").hidden = !seen.trouble || !seen.turns.length;
  find("trouble").textContent = say("trouble", seen);
}

async function showScript() {
  const script = await get("script", { skill: current().skill });
  version = script.version;
  showFiles(script.files);
  showPrompts(script.prompts);
}

async function play(does) {
  const dialog = current();
  Object.assign(dialog, await post("play", { skill: dialog.skill, device: deviceOf(dialog), does }));
  if (find("aloud").checked) speak(dialog.answer.response.tts ?? dialog.answer.response.text);
  await showDialog();
}

async function open(from) {
  begin(find("skill").value, from);
  await showScript();
  if (!from) await play({ enter: "" });
}

async function branch() {
  const from = current();
  const turns = Number(slider.value);
  const { session } = await post("branch", { skill: from.skill, session: from.device.session_id, turns });
  await open(from);
  Object.assign(current().device, { session_id: session, message_id: turns });
  await showDialog();
}

async function save(kind) {
  const dialog = current();
  const { text } = await post("save", { skill: dialog.skill, session: dialog.device.session_id, kind });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text]));
  link.download = kind === "scenario" ? "workbench.yml" : "workbench.json";
  link.click();
  URL.revokeObjectURL(link.href);
}

/** A saved file starts the server anew: the dialog is shown as it goes on in the new code. */
async function follow() {
  if (document.hidden) return;
  try {
    const script = await get("script", { skill: current().skill });
    if (script.version === version) return showPrompts(script.prompts);
    version = script.version;
    showFiles(script.files);
    showPrompts(script.prompts);
    await showDialog();
    find("stands").textContent += ` — ${say("changed")}`;
    wrong.textContent = "";
  } catch (error) {
    wrong.textContent = error.message;
  }
}

find("say").addEventListener("submit", (event) => {
  event.preventDefault();
  const words = find("words").value;
  find("words").value = "";
  trying(() => play(current().answer?.response.end_session ? { enter: words } : { say: words }));
});
find("new").addEventListener("click", () => trying(() => open()));
find("skill").addEventListener("change", () => trying(() => open()));
find("branch").addEventListener("click", () => trying(branch));
slider.addEventListener("input", () => trying(() => showDialog(Number(slider.value))));
for (const button of document.querySelectorAll(".save")) {
  button.addEventListener("click", () => trying(() => save(button.dataset.kind)));
}
listenBy(find("listen"), (words) => trying(() => play({ say: words })));
trying(async () => {
  if (!dialogs.all.length) await open();
  else await turnTo(dialogs.current);
  setInterval(follow, PACE);
});
