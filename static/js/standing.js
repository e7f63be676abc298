// Where a job stands: its stage, how far it is, how fast, and how long it still takes.

import { figure, fill, fine, number } from "./figures.js";
import { span } from "./spans.js";

export const TERMINAL = ["succeeded", "failed", "cancelled"];
const SPEAK_EVERY = 30000;

export class Standing {
  constructor(at, words, started) {
    Object.assign(this, { at, words, started, figures: {}, happening: "", note: "", spokenAt: 0 });
    this.stages = [...at("stages").children];
  }

  add(event) {
    const { stage, data } = event;
    // A tick brings figures of the stage; where the job stands is told by events, which may have overtaken it.
    const tick = event.number === null && this.state;
    if (tick && (TERMINAL.includes(this.state) || stage !== this.stage)) return;
    const state = tick ? this.state : event.state;
    if (stage !== this.stage) this.figures = { seconds_left: this.figures.seconds_left };
    if (tells(event)) Object.assign(this, { figures: data, toldAt: Date.now() });
    Object.assign(this, { stage, state, counted: this.counted || typeof this.figures.fraction === "number" });
    this.recall(event);
  }

  // What an event from before the page was opened leaves to tell; the rest is in the snapshot, unless it has no figures.
  recall(event) {
    const { kind, stage, at, data } = event;
    if (tells(event) && !this.counted && stage === this.stage) {
      Object.assign(this, { figures: data, toldAt: Math.min(Date.now(), Date.parse(at)) });
    }
    if (kind === "claimed") this.started = at;
    if (kind === "stage") this.begin(stage);
    if (kind === "resumed") this.happening = fill(this.words.events.resumed, { kimg: fine.format(data.kimg) });
    if (kind === "note" && this.words.notes[data.code]) this.note = figure(this.words.notes[data.code], data);
  }

  // A stage that begins a second time was interrupted.
  begin(stage) {
    this.happening = this.begun === stage ? this.words.again : "";
    Object.assign(this, { begun: stage, note: "" });
  }

  draw() {
    const { at, words, state, stage, figures } = this;
    this.drawStages();
    at("state").textContent = words.states[state];
    at("state").className = `badge ${state}`;
    at("progress-title").textContent = words.stages[stage];
    at("headline").textContent = this.headline;
    if (typeof figures.fraction === "number") at("bar").value = figures.fraction;
    else at("bar").removeAttribute("value");
    at("happening").textContent = [this.happening, this.note].filter(Boolean).join(" ");
    this.drawLeft();
    this.drawFacts();
    this.speak();
  }

  drawStages() {
    const now = this.stages.findIndex((item) => item.dataset.stage === this.stage);
    const over = TERMINAL.includes(this.state);
    this.stages.forEach((item, place) => {
      item.classList.toggle("done", place < now || this.state === "succeeded");
      item.classList.toggle("now", place === now && !over);
      item.classList.toggle("ended", place === now && (this.state === "failed" || this.state === "cancelled"));
      if (place === now && !over) item.setAttribute("aria-current", "step");
      else item.removeAttribute("aria-current");
    });
  }

  get headline() {
    const { words, state, stage, figures } = this;
    if (state === "queued") return words.queued;
    if (stage === "training" && figures.total_kimg) {
      return fill(words.seen, { done: images(figures.kimg), all: images(figures.total_kimg) });
    }
    if (!figures.of) return words.doing[stage];
    return fill(words.counted[stage], { done: number.format(figures.done), all: number.format(figures.of) });
  }

  // Counted down from when it was told, so that it stays true while nothing is heard.
  drawLeft() {
    const { at, words, state, figures } = this;
    const told = figures.seconds_left;
    at("until").textContent = "";
    if (state === "queued") return;
    if (!told) {
      at("left").textContent = "";
      at("until").textContent = state === "running" && this.stage === "preparing" ? words.unknown : "";
      return;
    }
    const [low, high] = told.map((end) => end - (Date.now() - this.toldAt) / 1000);
    if (high <= 0) return (at("left").textContent = words.longer);
    at("left").textContent = fill(words.left, { time: span(Math.max(1, low), Math.max(1, high), words.spans) });
    if (high > 90) at("until").textContent = fill(words.until, { low: clock(low, words.zone), high: clock(high, words.zone) });
  }

  drawFacts() {
    const { words, figures } = this;
    const known = Object.entries(words.figures).filter(([name]) => typeof figures[name] === "number");
    const shown = known.map(([name, label]) => fact(label, fine.format(figures[name])));
    if (this.started) shown.push(fact(words.running, span(...Array(2).fill(this.elapsed), { ...words.spans, about: "%(time)s" })));
    this.at("facts").replaceChildren(...shown);
  }

  get elapsed() {
    return Math.max(0, (Date.now() - Date.parse(this.started)) / 1000);
  }

  tickOn() {
    this.drawLeft();
    this.drawFacts();
  }

  // A screen reader is told how far it is every half minute, not every second.
  speak() {
    if (!this.figures.of && !this.figures.total_kimg) return;
    if (Date.now() - this.spokenAt < SPEAK_EVERY) return;
    this.spokenAt = Date.now();
    const { at } = this;
    at("spoken").textContent = `${at("progress-title").textContent}: ${this.headline}. ${at("left").textContent}`;
  }
}

// Just after a stage began, the snapshot has nothing to tell yet.
function tells({ kind, data }) {
  return Boolean(data.seconds_left) || (kind === "progress" && Object.keys(data).length > 0);
}

function images(kimg) {
  return number.format(Math.round(kimg * 1000));
}

function clock(seconds, timeZone) {
  const then = new Date(Date.now() + 1000 * seconds);
  const day = seconds > 43200 ? { weekday: "short" } : {};
  return then.toLocaleTimeString(document.documentElement.lang, { hour: "numeric", minute: "2-digit", timeZone, ...day });
}

function fact(label, value) {
  const group = document.createElement("div");
  const [term, description] = [document.createElement("dt"), document.createElement("dd")];
  [term.textContent, description.textContent] = [label, value];
  group.append(term, description);
  return group;
}
