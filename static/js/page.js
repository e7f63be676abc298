// What every page has: asking before something is lost, arrow keys through images, menus that close, the present tab in view.

document.querySelector(".tabs [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });

document.addEventListener("submit", (event) => {
  const question = event.target.dataset.confirm;
  if (question && !window.confirm(question)) event.preventDefault();
});

document.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (event.key === "Escape") closeMenus(null);
  const direction = { ArrowLeft: "prev", ArrowRight: "next" }[event.key];
  if (!direction || event.target.closest("input, select, textarea, pre")) return;
  document.querySelector(`.single ~ nav [rel=${direction}]`)?.click();
});

document.addEventListener("click", (event) => closeMenus(event.target));

function closeMenus(except) {
  for (const menu of document.querySelectorAll(".person details[open]")) {
    if (except && menu.contains(except)) continue;
    if (!except && menu.contains(document.activeElement)) menu.querySelector("summary").focus();
    menu.open = false;
  }
}

// A part of the page that htmx renews keeps what was opened in it, and the focus.
let kept = null;

document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  const opened = [...detail.target.querySelectorAll("details[open] > summary")].map((summary) => summary.textContent);
  const focused = detail.target.contains(document.activeElement) ? document.activeElement : null;
  kept = { opened, focused: focused?.textContent, id: focused?.id };
});

document.addEventListener("htmx:afterSettle", ({ detail }) => {
  if (!kept) return;
  for (const summary of detail.elt.querySelectorAll("summary")) {
    if (kept.opened.includes(summary.textContent)) summary.parentElement.open = true;
  }
  const alike = [...detail.elt.querySelectorAll("a, button, summary")].filter((one) => one.textContent === kept.focused);
  const again = alike.find((one) => one.id === kept.id) ?? alike[0];
  if (kept.focused) again?.focus({ preventScroll: true });
  kept = null;
});
