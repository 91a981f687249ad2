// The reader's choice of light, dark or the system's colours, at once and without a reload; the server keeps it in a
// cookie, so that the next page comes in the right colours. The choices are links, which work without this too.

const links = document.querySelectorAll(".themes a");
const system = matchMedia("(prefers-color-scheme: dark)");

/** Call `draw` when the colours of the page have changed, by the reader's choice or by the system. */
export function onColours(draw) {
  document.addEventListener("colours", draw);
  system.addEventListener("change", draw);
}

for (const link of links) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    const { theme } = link.dataset;
    document.documentElement.dataset.theme = theme;
    document.querySelector('meta[name="color-scheme"]').content = theme === "system" ? "light dark" : theme;
    for (const other of links) other.toggleAttribute("aria-current", false);
    link.setAttribute("aria-current", "true");
    document.dispatchEvent(new Event("colours"));
    fetch(link.href, { method: "HEAD" }).catch(() => {}); // offline it lasts as long as the page
  });
}

// a link of the header keeps what scripts have put into the address since
for (const link of document.querySelectorAll(".themes a, .language")) {
  link.addEventListener("click", () => {
    const address = new URL(location.href);
    for (const [name, value] of new URL(link.href).searchParams) {
      if (name === "lang" || name === "theme") address.searchParams.set(name, value);
    }
    link.href = address;
  }, { capture: true });
}
