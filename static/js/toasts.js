// Tells once what happened, however many tabs are open: in the tab that is looked at, or by the browser itself.

import { isTelling, tell } from "./telling.js";

const KNOWN = "ganerate.newest";
const TOLD = "ganerate.told";
const KEPT = 50;
const MOST = 3;
const region = document.getElementById("toasts");

let known = 0;

// What came while the page before this one was left is told here.
export function since(newest) {
  const before = sessionStorage.getItem(KNOWN);
  know(before === null ? newest : Number(before));
  return newest > known;
}

function know(number) {
  known = Math.max(known, number);
  sessionStorage.setItem(KNOWN, known);
}

// Returns whether any of them was new to this tab; calls `read` when one was marked as read at once.
export function announce(found, read) {
  const fresh = found.filter((one) => Number(one.dataset.number) > known);
  for (const one of fresh) {
    know(Number(one.dataset.number));
    setTimeout(() => announceOne(one, read), patience());
  }
  return fresh.length > 0;
}

// The tab that is looked at goes first.
function patience() {
  if (document.hasFocus()) return 0;
  return document.visibilityState === "visible" ? 1000 : 2000;
}

async function announceOne(toast, read) {
  if (!(await isFirst(toast.dataset.number))) return;
  // As it is written: in the fragment it came in no address is resolved.
  const url = toast.querySelector("a").getAttribute("href");
  const looking = document.hasFocus();
  if (!looking && isTelling()) tell({ title: toast.dataset.title, body: toast.dataset.body, url });
  // The page of the job says itself how it ended, and the list of notifications lists it.
  if (looking && location.pathname === url) return markRead(toast.dataset.read).then(read);
  if (looking && document.getElementById("notifications")) return;
  toast.querySelector("button").addEventListener("click", () => dismiss(toast));
  region.append(toast);
  while (region.children.length > MOST) region.firstElementChild.remove();
}

async function isFirst(number) {
  if (!navigator.locks) return note(number);
  return navigator.locks.request(TOLD, () => note(number));
}

function note(number) {
  const told = JSON.parse(localStorage.getItem(TOLD) ?? "[]");
  if (told.includes(number)) return false;
  localStorage.setItem(TOLD, JSON.stringify([...told, number].slice(-KEPT)));
  return true;
}

function dismiss(toast) {
  const next = toast.nextElementSibling ?? toast.previousElementSibling;
  const focused = toast.contains(document.activeElement);
  toast.remove();
  if (focused) (next?.querySelector("button") ?? document.getElementById("bell")).focus({ preventScroll: true });
}

async function markRead(address) {
  const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
  await fetch(address, { method: "POST", headers: { "X-CSRFToken": token }, redirect: "manual" });
}

region.addEventListener("keydown", (event) => {
  if (event.key === "Escape") dismiss(event.target.closest(".toast"));
});
