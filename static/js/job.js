// The page of a generation job: replays its events, follows them live, and picks up again after a lost connection.

import { Charts } from "./charts.js";
import { Samples } from "./samples.js";
import { follow } from "./live.js";
import { span } from "./spans.js";

const TERMINAL = ["succeeded", "failed", "cancelled"];
const at = (id) => document.getElementById(id);
const data = (id) => JSON.parse(at(id).textContent);
const words = data("words");
const addresses = data("live");
const stages = [...at("stages").children];
const charts = new Charts(at("curves"), at, words);
const samples = new Samples(at("samples"), at("sample"), at("previews"), at("sample-kimg"), words);
const number = new Intl.NumberFormat(document.documentElement.lang);
const fine = new Intl.NumberFormat(document.documentElement.lang, { maximumSignificantDigits: 3 });
let spokenAt = 0;
let ended = TERMINAL.includes(data("snapshot").state);

showStage(data("snapshot"));
showFigures(data("snapshot"));
follow(addresses, { event: receive, link: showLink });

function receive(event) {
  if (event.kind === "ping") return;
  if (event.number !== null) log(event);
  if (event.kind === "preview") samples.add(event.data);
  if (event.kind === "progress") {
    charts.add(event.data);
    showFigures(event);
  }
  showStage(event);
}

function showStage({ stage, state }) {
  const now = stages.findIndex((item) => item.dataset.stage === stage);
  stages.forEach((item, place) => {
    item.classList.toggle("done", place < now || state === "succeeded");
    item.classList.toggle("now", place === now && !TERMINAL.includes(state));
    item.classList.toggle("ended", place === now && (state === "failed" || state === "cancelled"));
    if (place === now && !TERMINAL.includes(state)) item.setAttribute("aria-current", "step");
    else item.removeAttribute("aria-current");
  });
  at("state").textContent = words.states[state];
  at("state").className = `badge ${state}`;
  at("progress-title").textContent = words.stages[stage];
  if (state === "queued") at("headline").textContent = words.queued;
  if (state === "stopping") showEnding();
  if (TERMINAL.includes(state)) finish();
}

function finish() {
  at("job").classList.remove("active");
  at("progress").hidden = true;
  if (!ended) showEnding();
  ended = true;
}

async function showEnding() {
  const response = await fetch(addresses.ending);
  if (response.ok) at("ending").innerHTML = await response.text();
}

function showFigures({ data: figures, state }) {
  const headline = worded(figures);
  if (headline && state !== "queued") at("headline").textContent = headline;
  if (figures.fraction !== undefined && figures.fraction !== null) at("bar").value = figures.fraction;
  else at("bar").removeAttribute("value");
  const left = figures.seconds_left;
  if (state !== "queued") at("left").textContent = left ? fill(words.left, { time: span(left[0], left[1], words.spans) }) : "";
  showFacts(figures);
  speak(headline);
}

function worded(figures) {
  if (figures.total_kimg) {
    return fill(words.seen, { done: thousands(figures.kimg), all: thousands(figures.total_kimg) });
  }
  if (figures.of) return fill(words.made, { done: number.format(figures.done), all: number.format(figures.of) });
  return "";
}

function thousands(kimg) {
  return number.format(Math.round(kimg * 1000));
}

function showFacts(figures) {
  const known = Object.entries(words.figures).filter(([name]) => typeof figures[name] === "number");
  if (!known.length) return;
  at("facts").replaceChildren(...known.map(([name, label]) => fact(label, fine.format(figures[name]))));
}

function fact(label, value) {
  const group = document.createElement("div");
  const term = document.createElement("dt");
  const description = document.createElement("dd");
  term.textContent = label;
  description.textContent = value;
  group.append(term, description);
  return group;
}

// A screen reader is told how far it is every half minute, not every second.
function speak(headline) {
  if (!headline || Date.now() - spokenAt < 30000) return;
  spokenAt = Date.now();
  at("spoken").textContent = `${at("progress-title").textContent}: ${headline}. ${at("left").textContent}`;
}

function log(event) {
  const text = happened(event);
  if (!text) return;
  const row = document.createElement("tr");
  const cells = [event.number, new Date(event.at).toLocaleTimeString(document.documentElement.lang, { timeZone: words.zone }), text];
  row.append(...cells.map((content) => Object.assign(document.createElement("td"), { textContent: content })));
  at("log").prepend(row);
}

function happened({ kind, stage, data: figures }) {
  if (kind === "stage") return words.stages[stage];
  if (kind !== "note") return words.events[kind];
  const shown = Object.entries(figures).map(([name, value]) => [name, typeof value === "number" ? fine.format(value) : value]);
  return words.notes[figures.code] && fill(words.notes[figures.code], Object.fromEntries(shown));
}

function showLink(state) {
  const link = at("link");
  link.hidden = ended;
  link.classList.toggle("live", state === "live");
  link.textContent = words[state];
}

function fill(text, values) {
  return text.replace(/%\((\w+)\)s/g, (_, name) => values[name]);
}
