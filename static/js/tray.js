// Running jobs and notifications in the top bar, live on every page of whoever is signed in.

import { listen } from "./person.js";
import { span } from "./spans.js";
import { announce, since } from "./toasts.js";

const SOON = 200;
const at = (id) => document.getElementById(id);
const tray = at("tray");
const panel = at("tray-panel");

let words = null;
let asked = 0;

listen({ heard, ask });
tray.addEventListener("toggle", () => tray.open && ask());
if (since(Number(tray.dataset.newest)) || !at("tray-tally").hidden) ask();

function heard({ type, event }) {
  if (type === "person.notification") soon();
  if (type !== "owner.event") return;
  const row = panel.querySelector(`[data-job="${event.public_id}"]`);
  if (row?.dataset.state === event.state) show(row, event);
  // The panel shows the first few: how far the others are is no news for it.
  else if (row || event.kind !== "progress") soon();
}

// Jobs that end together are asked for together.
function soon() {
  clearTimeout(asked);
  asked = setTimeout(ask, SOON * (1 + Math.random()));
}

// Returns whether there is any use in asking again.
async function ask() {
  try {
    const response = await fetch(tray.dataset.panel);
    if (response.redirected) return false;
    if (response.ok) renew(await response.text());
  } catch {
    // Away for a moment; whoever waits asks again.
  }
  return true;
}

function renew(html) {
  const found = document.createElement("template");
  found.innerHTML = html;
  const { active } = found.content.querySelector("[data-active]").dataset;
  const unread = found.content.querySelector("[data-unread]");
  words = JSON.parse(found.content.getElementById("tray-words").textContent);
  tally("tray", Number(active), found.content.querySelector("[data-active]").textContent);
  tally("bell", Number(unread.dataset.unread), unread.textContent);
  const news = [...found.content.querySelectorAll(".toast")];
  found.content.querySelector("div[hidden]").remove();
  keepFocus(() => panel.replaceChildren(found.content));
  if (announce(news, soon)) document.dispatchEvent(new Event("notified"));
}

function tally(name, number, said) {
  at(`${name}-tally`).textContent = number > 99 ? "99+" : number;
  at(`${name}-tally`).hidden = !number;
  at(`${name}-said`).textContent = said;
}

function keepFocus(change) {
  const focused = panel.contains(document.activeElement) ? document.activeElement.pathname : null;
  change();
  if (focused) [...panel.querySelectorAll("a")].find((link) => link.pathname === focused)?.focus({ preventScroll: true });
}

function show(row, { stage, fraction, seconds_left: left }) {
  const bar = row.querySelector("progress");
  if (bar && typeof fraction === "number") bar.value = fraction;
  if (row.dataset.state === "running") row.querySelector("a .small").textContent = words.stages[stage];
  const text = left ? words.left.replace("%(time)s", span(left[0], left[1], words.spans)) : "";
  if (bar) row.querySelector(".left").textContent = text;
}
