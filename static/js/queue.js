// Keys for staff: through the queue, and on the page of a listing.

const typing = (event) => event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select");

function move(by) {
  const links = [...document.querySelectorAll("#queue th a")];
  const at = links.indexOf(document.activeElement);
  links[Math.max(0, Math.min(links.length - 1, at < 0 ? 0 : at + by))]?.focus();
}

const KEYS = {
  j: () => move(1),
  k: () => move(-1),
  a: () => document.querySelector("button[data-key='a']")?.focus(),
  r: () => document.querySelector("[data-key='r']")?.focus(),
  q: () => document.querySelector("a[data-key='q']")?.click(),
};

document.addEventListener("keydown", (event) => {
  const act = typing(event) ? null : KEYS[event.key.toLowerCase()];
  if (act) {
    event.preventDefault();
    act();
  }
});
