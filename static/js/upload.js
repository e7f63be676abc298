// The page of a source set while files are being sent: rows with progress, one total, and a word before leaving.

import { dropped, plain, sendables } from "./chosen.js";
import { Refused, Sender } from "./sending.js";

const form = document.getElementById("drop");
const list = document.getElementById("sending");
const total = document.getElementById("total");
const rows = [];
let running = null;

function sendChosen() {
  add(plain(form.images.files));
  form.reset();
}

function add(entries) {
  const bundleName = (count) => worded(form.dataset.bundle, { count });
  for (const item of sendables(entries, bundleName)) rows.push(new Row(item));
  showTotal();
  running ??= sendAll().finally(() => { running = null; });
}

// One file after another: each gets all of the line, and the first verdicts come soonest.
async function sendAll() {
  for (let row = waiting(); row; row = waiting()) {
    await row.send();
    showTotal();
    refreshIntake();
  }
}

function waiting() {
  return rows.find((row) => row.state === "waiting");
}

function showTotal() {
  const counted = rows.filter((row) => row.state !== "cancelled");
  const done = counted.filter((row) => row.state === "done").length;
  total.hidden = counted.length < 2;
  const [text, bar] = total.children;
  const all = counted.reduce((sum, row) => sum + row.bytes, 0);
  bar.value = counted.reduce((sum, row) => sum + (row.state === "done" ? row.bytes : row.sent), 0) / (all || 1);
  const words = done === counted.length ? form.dataset.totalDone : worded(form.dataset.total, { done, count: counted.length });
  if (text.textContent !== words) text.textContent = words; // read aloud once for each file, not for each part
}

function refreshIntake() {
  const intake = document.getElementById("intake");
  window.htmx?.ajax("GET", intake.dataset.url, { target: "#intake", swap: "outerHTML" });
}

class Row {
  constructor(item) {
    this.item = item;
    this.state = "waiting";
    this.sent = 0;
    this.bytes = item.size ?? item.bytes;
    this.sender = new Sender({
      address: form.dataset.uploads, token: form.csrfmiddlewaretoken.value, set: form.dataset.set,
    });
    this.element = document.createElement("li");
    this.name = piece("span", "", item.title ?? item.name);
    this.text = piece("span", "soft number small", form.dataset.waiting);
    this.bar = piece("progress", "", "");
    this.bar.max = 1;
    this.bar.value = 0;
    this.bar.setAttribute("aria-label", item.title ?? item.name);
    this.button = this.control(form.dataset.cancel, () => this.cancel());
    this.element.append(this.name, this.text, this.button, this.bar);
    list.append(this.element);
  }

  control(words, action) {
    const button = piece("button", "plain small", words);
    button.type = "button";
    button.setAttribute("aria-label", `${words}: ${this.item.title ?? this.item.name}`);
    button.addEventListener("click", action);
    return button;
  }

  async send() {
    this.state = "sending";
    this.stop = new AbortController();
    this.began = null;
    if (this.item.size === null) this.text.textContent = form.dataset.packing;
    const told = (sent, size) => this.moved(sent, size);
    const waits = () => { this.text.textContent = navigator.onLine ? form.dataset.lost : form.dataset.offline; };
    try {
      await this.sender.send(this.item, { told, waits, signal: this.stop.signal });
      this.finish();
    } catch (error) {
      if (this.state !== "cancelled") this.fail(error);
    }
  }

  moved(sent, size) {
    const now = performance.now();
    this.began ??= { sent, now };
    this.sent = sent;
    this.bytes = size;
    this.bar.value = sent / size;
    document.querySelector(`#unfinished [data-upload="${this.item.id}"]`)?.remove();
    const speed = (sent - this.began.sent) / ((now - this.began.now) / 1000 || 1);
    const left = speed ? duration((size - sent) / speed) : "…";
    const words = { sent: bytes(sent), size: bytes(size), speed: bytes(speed), left };
    this.text.textContent = speed ? worded(form.dataset.moving, words) : bytes(size);
    showTotal();
  }

  finish() {
    this.state = "done";
    this.bar.value = 1;
    this.text.textContent = form.dataset.done;
    this.button.remove();
    setTimeout(() => this.element.remove(), 2000); // from here on the list of the server shows it
  }

  fail(error) {
    this.state = "failed";
    const text = piece("p", "error", `${error instanceof Refused ? error.message : form.dataset.failed} `);
    text.setAttribute("role", "alert");
    text.append(this.control(form.dataset.retry, () => {
      text.remove();
      this.state = "waiting";
      add([]);
    }));
    this.element.append(text);
  }

  async cancel() {
    this.state = "cancelled";
    this.stop?.abort();
    this.element.remove();
    showTotal();
    await this.sender.drop(this.item);
    form.images.focus();
  }
}

function piece(tag, className, text) {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
}

function worded(text, values) {
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

function bytes(count) {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte"];
  const power = Math.min(3, Math.max(0, Math.floor(Math.log10(Math.max(count, 1)) / 3)));
  const style = { style: "unit", unit: units[power], unitDisplay: "short", maximumFractionDigits: power > 1 ? 1 : 0 };
  return new Intl.NumberFormat(document.documentElement.lang, style).format(count / 1000 ** power);
}

function duration(seconds) {
  const [value, unit] = seconds < 90 ? [seconds, "second"] : seconds < 5400 ? [seconds / 60, "minute"] : [seconds / 3600, "hour"];
  const style = { style: "unit", unit, unitDisplay: "short", maximumFractionDigits: 0 };
  return new Intl.NumberFormat(document.documentElement.lang, style).format(Math.max(1, value));
}

if (form) {
  form.images.addEventListener("change", sendChosen);
  form.addEventListener("dragover", (event) => {
    event.preventDefault();
    form.classList.add("over");
  });
  form.addEventListener("dragleave", () => form.classList.remove("over"));
  form.addEventListener("drop", async (event) => {
    event.preventDefault();
    form.classList.remove("over");
    add(await dropped(event.dataTransfer));
  });
  window.addEventListener("beforeunload", (event) => {
    if (running) event.preventDefault();
  });
  sendChosen(); // what was chosen before this script had arrived; last, because it needs all of the above
}
