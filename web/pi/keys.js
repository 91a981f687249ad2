// Quick keys: / searches, n asks for a new digit, j and k go down and up the table. Never while somebody types, and
// never with a modifier, which belong to the browser.

export function useKeys({ search, input, rows }) {
  const go = (step) => {
    const links = [...rows.querySelectorAll(".n")];
    const at = links.indexOf(document.activeElement?.closest?.("tr")?.querySelector(".n"));
    links[at < 0 ? (step > 0 ? 0 : links.length - 1) : Math.max(0, Math.min(links.length - 1, at + step))]?.focus();
  };
  const keys = { "/": () => search.focus(), n: () => input.focus(), j: () => go(1), k: () => go(-1) };
  document.addEventListener("keydown", (event) => {
    const { key, target, ctrlKey, metaKey, altKey } = event;
    const typing = target.closest?.("input:not([type='checkbox']), select, textarea, dialog");
    if (ctrlKey || metaKey || altKey || typing || !Object.hasOwn(keys, key)) return;
    event.preventDefault();
    keys[key]();
  });
}
