// The page of a generation job: replays its events, follows them live, and picks up again after a lost connection.
// Everything it shows follows from the stored events and the latest snapshot, so a second tab shows the same.

import { Charts } from "./charts.js";
import { Gauges } from "./gauges.js";
import { Journal } from "./journal.js";
import { follow } from "./live.js";
import { Samples } from "./samples.js";
import { Standing, TERMINAL } from "./standing.js";

const FIRST_WAIT = 500;
const LONGEST_WAIT = 15000;

const at = (id) => document.getElementById(id);
const data = (id) => JSON.parse(at(id).textContent);
const words = data("words");
const addresses = data("live");
const charts = new Charts(at("curves"), at, words);
const gauges = new Gauges(at("gauges"), words);
const journal = new Journal(at("log"), words);
const samples = new Samples(at("samples"), at, words);
const standing = new Standing(at, words, addresses.started);
let ended = TERMINAL.includes(data("snapshot").state);
let stopping = false;
let waiting = false;
let asked = 0;
let reached = 0;

receive(data("snapshot"));
follow(addresses, { event: receive, link: showLink });
const clock = setInterval(() => standing.tickOn(), 1000);

function receive(event) {
  if (event.kind === "ping") return;
  if (event.number !== null) {
    journal.add(event);
    reached = event.number;
  }
  if (event.kind === "preview") samples.add(event.data);
  if (event.kind === "progress") {
    charts.add(event.data);
    gauges.add(event.data);
  }
  if (event.number !== null && event.number <= addresses.last) standing.recall(event);
  else standing.add(event);
  draw();
}

// A replay of a thousand events makes one drawing.
function draw() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    for (const part of [standing, gauges, journal, charts]) part.draw();
    // Pictures of the past are not fetched on the way to the newest.
    if (reached >= addresses.last) samples.draw();
    if (standing.state === "stopping" && !stopping) showEnding();
    stopping = standing.state === "stopping";
    if (TERMINAL.includes(standing.state)) finish();
  });
}

function finish() {
  clearInterval(clock);
  at("job").classList.remove("active");
  at("progress").hidden = true;
  if (!ended) showEnding();
  ended = at("link").hidden = true;
}

// Asked until it comes, as nobody else tells it; an answer that a later one has overtaken says nothing any more.
async function showEnding(wait = FIRST_WAIT) {
  const mine = (asked += 1);
  const text = await ending();
  if (mine !== asked) return;
  if (text !== null) at("ending").innerHTML = text;
  else setTimeout(() => mine === asked && showEnding(Math.min(LONGEST_WAIT, 2 * wait)), wait);
}

// Nothing where nothing comes back.
async function ending() {
  try {
    const response = await fetch(addresses.ending);
    return response.ok ? await response.text() : null;
  } catch {
    return null;
  }
}

function showLink(state) {
  const link = at("link");
  link.hidden = ended;
  link.classList.toggle("live", state === "live");
  link.textContent = words[state];
}
