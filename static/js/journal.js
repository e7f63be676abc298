// What happened, newest first, as rows of a table.

import { figure } from "./figures.js";

export class Journal {
  constructor(body, words) {
    Object.assign(this, { body, words, fresh: [] });
  }

  add(event) {
    const text = this.happened(event);
    if (text) this.fresh.unshift([event.number, this.time(event.at), text]);
  }

  draw() {
    this.body.prepend(...this.fresh.map(row));
    this.fresh = [];
  }

  happened({ kind, stage, data }) {
    if (kind === "stage") return this.words.stages[stage];
    const text = kind === "note" ? this.words.notes[data.code] : this.words.events[kind];
    return text && figure(text, data);
  }

  time(at) {
    return new Date(at).toLocaleTimeString(document.documentElement.lang, { timeZone: this.words.zone });
  }
}

function row(contents) {
  const made = document.createElement("tr");
  made.append(...contents.map((content) => Object.assign(document.createElement("td"), { textContent: content })));
  return made;
}
