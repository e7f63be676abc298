// Quality, copies and augmentation at a glance: each a figure, a bar with a line to compare with, and a sentence.

import { fill, fine, number, percent } from "./figures.js";

export class Gauges {
  constructor(section, words) {
    Object.assign(this, { section, words, known: {}, worst: 0 });
  }

  // What is measured now and then stays until it is measured again.
  add(figures) {
    for (const name of ["swd", "swd_floor", "r_v", "augment_p", "made", "rejected"]) {
      if (typeof figures[name] === "number") this.known[name] = figures[name];
    }
    this.worst = Math.max(this.worst, this.known.swd ?? 0);
  }

  draw() {
    const { swd, swd_floor: floor, r_v: heart, augment_p: strength, made, rejected } = this.known;
    if (floor) this.quality(swd, floor);
    if (made) this.copies(rejected, made);
    else if (heart !== undefined) this.heart(Math.max(0, heart));
    if (strength !== undefined) this.show("augmentation", fine.format(strength), strength, null);
  }

  quality(swd, floor) {
    const most = Math.max(this.worst, 2 * floor);
    const said = { times: fine.format(swd / floor), swd: fine.format(swd), floor: fine.format(floor) };
    this.show("quality", fill(this.words.gauges.times, said), swd / most, floor / most, said);
  }

  // Before the first image is screened: how well the discriminator tells what it learnt from what it never saw.
  heart(rate) {
    const { limit } = this.words.gauges;
    const most = Math.max(2 * limit, rate);
    this.show("heart", fine.format(rate), rate / most, limit / most, { limit: fine.format(limit) }, rate > limit);
    this.element("copies").hidden = true;
  }

  copies(rejected, made) {
    const { real } = this.words.gauges;
    const [rate, most] = [rejected / made, Math.max(10 * real, (1.5 * rejected) / made)];
    const said = { rejected: number.format(rejected), made: number.format(made), real: percent.format(real) };
    this.show("copies", percent.format(rate), rate / most, real / most, said);
    this.element("heart").hidden = true;
  }

  show(name, value, share, mark, said = {}, high = false) {
    const gauge = this.element(name);
    this.section.hidden = gauge.hidden = false;
    gauge.querySelector(".gauge-value").textContent = value;
    gauge.querySelector(".fill").setAttribute("width", Math.min(100, 100 * share));
    gauge.classList.toggle("high", high);
    const line = gauge.querySelector(".mark");
    if (line && mark !== null) line.setAttribute("x", 100 * mark - 0.4);
    gauge.querySelector(".gauge-words").textContent = fill(this.words.gauges[name], said);
  }

  element(name) {
    return this.section.querySelector(`[data-gauge=${name}]`);
  }
}
