// Notifications of the browser itself, for whoever pressed a button to get them.

const KEPT = "ganerate.telling";
const WORKER = new URL("telling-worker.js", import.meta.url);
const able = "Notification" in window && window.isSecureContext;

export function isTelling() {
  return able && Notification.permission === "granted" && localStorage.getItem(KEPT) === "on";
}

export async function tell({ title, body, url }) {
  const options = { body, tag: url, data: url, icon: document.querySelector("link[rel='apple-touch-icon']")?.href };
  try {
    new Notification(title, options).onclick = (event) => open(event.target, url);
  } catch {
    // On a phone only a worker may show one.
    const worker = await navigator.serviceWorker.getRegistration(WORKER);
    await worker?.showNotification(title, options);
  }
}

// A tab of its own: in this one something may be half written.
function open(notification, url) {
  notification.close();
  window.focus();
  if (location.pathname !== url) window.open(url, "_blank");
}

async function press(place) {
  if (isTelling()) localStorage.removeItem(KEPT);
  else if (able) {
    const answer = await Notification.requestPermission();
    if (answer === "granted") await turnOn();
    return show(place, answer === "default" ? "ignored" : "");
  }
  show(place);
}

async function turnOn() {
  localStorage.setItem(KEPT, "on");
  await navigator.serviceWorker?.register(WORKER).catch(() => null);
}

function show(place, asked = "") {
  const state = !able ? "unable" : isTelling() ? "on" : Notification.permission === "denied" ? "denied" : asked;
  place.querySelector("button").setAttribute("aria-pressed", isTelling());
  place.querySelector("button").disabled = !able;
  for (const text of place.querySelectorAll("[data-when]")) text.hidden = text.dataset.when !== state;
  place.hidden = false;
}

for (const place of document.querySelectorAll("[data-telling]")) {
  place.querySelector("button").addEventListener("click", () => press(place));
  window.addEventListener("storage", () => show(place));
  show(place);
}
