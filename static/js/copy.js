// Buttons that copy a text beside them, also in parts that come later; shown only where the browser lets a page do that.

const show = (part) => part.querySelectorAll("[data-copy]").forEach((button) => (button.hidden = false));

async function copy(event) {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
  button.dataset.words ??= button.textContent;
  button.textContent = button.dataset.copied;
  setTimeout(() => (button.textContent = button.dataset.words), 2000);
}

if (navigator.clipboard) {
  show(document);
  document.addEventListener("htmx:load", (event) => show(event.detail.elt));
  document.addEventListener("click", copy);
}
