// The grids that the model drew while it trained: the newest large, the earlier ones to compare with.

const MOST_SHOWN = 24;

export class Samples {
  constructor(section, large, list, caption, words) {
    Object.assign(this, { section, large, list, caption, words, all: [], following: true });
    list.addEventListener("keydown", (event) => this.move(event));
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
    const kept = this.all.filter((one, place) => place % step === 0 || place === this.all.length - 1 || one === this.shown);
    const focused = this.list.contains(document.activeElement);
    this.list.replaceChildren(...kept.map((preview) => this.item(preview)));
    const now = this.list.querySelector("[aria-pressed=true]");
    if (focused) now?.focus();
    if (now) this.list.scrollLeft = now.offsetLeft - this.list.clientWidth / 2;
  }

  // One stop for the tab key; the arrow keys go from one to the next.
  item(preview) {
    const button = document.createElement("button");
    const image = Object.assign(document.createElement("img"), { src: preview.image, alt: "", loading: "lazy" });
    button.type = "button";
    button.tabIndex = preview === this.shown ? 0 : -1;
    button.setAttribute("aria-pressed", String(preview === this.shown));
    button.append(image, kimg(preview));
    button.addEventListener("click", () => this.choose(preview));
    return button;
  }

  move(event) {
    const buttons = [...this.list.children];
    const now = buttons.indexOf(document.activeElement);
    const to = { ArrowLeft: now - 1, ArrowRight: now + 1, Home: 0, End: buttons.length - 1 }[event.key];
    if (to === undefined || now < 0) return;
    event.preventDefault();
    buttons[Math.max(0, Math.min(buttons.length - 1, to))].click();
  }
}

function kimg(preview) {
  return `${preview.kimg < 10 ? preview.kimg.toFixed(1) : Math.round(preview.kimg)} kimg`;
}
