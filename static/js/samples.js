// The grids that the model drew while it trained: the newest large, the earlier ones to compare with.

const MOST_SHOWN = 24;

export class Samples {
  constructor(section, large, list, caption, words) {
    Object.assign(this, { section, large, list, caption, words, all: [], following: true });
  }

  add(preview) {
    this.all.push(preview);
    this.section.hidden = false;
    if (this.following) this.show(preview);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.drawList(), 60);
  }

  show(preview) {
    this.shown = preview;
    this.large.src = preview.image;
    this.large.alt = this.words.sample.replace("%(kimg)s", Math.round(preview.kimg));
    this.caption.textContent = kimg(preview);
  }

  choose(preview) {
    this.following = preview === this.all.at(-1);
    this.show(preview);
    this.drawList();
  }

  drawList() {
    const step = Math.max(1, Math.ceil(this.all.length / MOST_SHOWN));
    const kept = this.all.filter((_, place) => place % step === 0 || place === this.all.length - 1);
    this.list.replaceChildren(...kept.reverse().map((preview) => this.item(preview)));
  }

  item(preview) {
    const item = document.createElement("li");
    const button = document.createElement("button");
    const image = Object.assign(document.createElement("img"), { src: preview.image, alt: "", loading: "lazy" });
    button.type = "button";
    button.setAttribute("aria-pressed", String(preview === this.shown));
    button.append(image, kimg(preview));
    button.addEventListener("click", () => this.choose(preview));
    item.append(button);
    return item;
  }
}

function kimg(preview) {
  return `${preview.kimg < 10 ? preview.kimg.toFixed(1) : Math.round(preview.kimg)} kimg`;
}
