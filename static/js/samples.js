// The grids that the model drew while it trained, for the same latents each time: the newest, or any by the slider.

import { fill, number } from "./figures.js";

const FRAME = 160;

export class Samples {
  constructor(section, at, words) {
    Object.assign(this, { section, words, all: [], place: 0, following: true, playing: false });
    this.image = at("sample");
    this.slider = at("sample-time");
    this.button = at("sample-play");
    this.caption = at("sample-kimg");
    this.slider.addEventListener("input", () => this.choose(this.slider.valueAsNumber));
    this.button.addEventListener("click", () => (this.playing ? this.pause() : this.play()));
  }

  add(preview) {
    // A resumed run draws some of them again.
    this.all = [...this.all.filter((one) => one.kimg < preview.kimg), preview];
  }

  draw() {
    if (!this.all.length) return;
    const last = this.all.length - 1;
    this.section.hidden = false;
    this.slider.max = last;
    this.slider.disabled = this.button.disabled = last === 0;
    this.show(this.following ? last : Math.min(this.place, last));
  }

  // At the right end the newest one stays in view.
  choose(place) {
    this.pause();
    this.following = place === this.all.length - 1;
    this.show(place);
  }

  show(place) {
    const preview = this.all[place];
    const seen = fill(this.words.drawn, { count: number.format(Math.round(1000 * preview.kimg)) });
    this.place = place;
    if (this.image.getAttribute("src") !== preview.image) this.image.src = preview.image;
    this.image.alt = fill(this.words.sample, { kimg: number.format(Math.round(preview.kimg)) });
    this.slider.value = place;
    this.slider.setAttribute("aria-valuetext", seen);
    this.caption.textContent = seen;
  }

  async play() {
    this.turn(true);
    let place = this.place === this.all.length - 1 ? 0 : this.place + 1;
    this.following = false;
    for (; this.playing && place < this.all.length; place += 1) {
      this.show(place);
      await Promise.allSettled([this.image.decode(), new Promise((done) => setTimeout(done, FRAME))]);
    }
    if (this.playing) this.following = true;
    this.pause();
  }

  pause() {
    this.turn(false);
  }

  turn(playing) {
    this.playing = playing;
    this.button.textContent = playing ? this.words.pause : this.words.play;
  }
}
