// The dialogs side by side. They live as long as the tab; the journal of the server has their turns.

const KEY = "workbench";

/** All dialogs, and which of them is shown. */
export const dialogs = JSON.parse(sessionStorage.getItem(KEY) ?? '{"all": [], "current": 0, "made": 0}');

/** Keep them over a reload of the page. */
export const keep = () => sessionStorage.setItem(KEY, JSON.stringify(dialogs));

/** The one that is shown. */
export const current = () => dialogs.all[dialogs.current];

/** Begin another one; `from` is a dialog whose device it goes on with. */
export function begin(skill, from) {
  dialogs.made += 1;
  const device = from ? structuredClone(from.device) : {};
  dialogs.all.push({ number: dialogs.made, skill, device, answer: null, seconds: 0 });
  dialogs.current = dialogs.all.length - 1;
  return current();
}
