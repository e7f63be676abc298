// Renews the staff's page of the work. What is open stays open, and the focus stays where it is.

const region = document.querySelector("[data-renews]");
const notice = document.querySelector(".work-lost");

function kept() {
  const open = [...region.querySelectorAll("details[open]")].map((element) => element.id);
  const focused = region.contains(document.activeElement) ? document.activeElement : null;
  // A summary has no name of its own; what it belongs to has.
  const name = focused?.id || focused?.closest("details")?.id;
  return { open, name };
}

function restore({ open, name }) {
  for (const id of open) {
    const details = document.getElementById(id);
    if (details) details.open = true;
  }
  const element = name && document.getElementById(name);
  if (element) (element.querySelector("summary") || element).focus({ preventScroll: true });
}

function selecting() {
  const selection = getSelection();
  return !selection.isCollapsed && region.contains(selection.anchorNode);
}

async function renew() {
  if (document.hidden || selecting()) return;
  try {
    const answer = await fetch(location.href, { headers: { "X-Part": "work" }, redirect: "error" });
    if (!answer.ok) throw new Error(answer.status);
    const text = await answer.text();
    const state = kept();
    region.innerHTML = text;
    restore(state);
    notice.hidden = true;
  } catch {
    notice.textContent = region.dataset.lost;
    notice.hidden = false;
  }
}

async function follow() {
  await renew();
  setTimeout(follow, Number(region.dataset.renews));
}

setTimeout(follow, Number(region.dataset.renews));
document.addEventListener("visibilitychange", renew);
