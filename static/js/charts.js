// Curves of a training run: losses, and the distance to the source images with its floor; each also as a table.

const MOST_POINTS = 1500;
const MOST_ROWS = 60;
const fine = new Intl.NumberFormat(document.documentElement.lang, { maximumSignificantDigits: 4 });

export class Charts {
  constructor(section, at, words) {
    this.section = section;
    const curve = (id, title, names) => new Curve(at(id), at(`${id}-table`), title, words.kimg, names);
    this.losses = curve("losses", words.losses, [words.loss_d, words.loss_g]);
    this.distance = curve("distance", words.distance, ["SWD", words.floor]);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.redraw());
    window.addEventListener("resize", () => this.redraw());
  }

  add(figures) {
    if (typeof figures.kimg !== "number") return;
    this.section.hidden = false;
    this.losses.add(figures.kimg, [figures.loss_d, figures.loss_g]);
    if (typeof figures.swd !== "number" || figures.swd === this.swd) return; // measured less often than reported
    this.swd = figures.swd;
    this.distance.element.parentElement.hidden = false;
    this.distance.add(figures.kimg, [figures.swd, figures.swd_floor]);
  }

  draw() {
    this.losses.draw();
    this.distance.draw();
  }

  redraw() {
    this.losses.rebuild();
    this.distance.rebuild();
  }
}

class Curve {
  constructor(element, table, title, unit, names) {
    Object.assign(this, { element, table, title, unit, names, columns: [[], [], []], plot: null, changed: false });
    this.element.setAttribute("role", "img");
    this.element.setAttribute("aria-label", title); // until its first values are described
    this.details = table.closest("details");
    this.details.addEventListener("toggle", () => this.tabulate());
  }

  add(kimg, values) {
    const last = this.columns[0].at(-1);
    if (last !== undefined && kimg < last) this.goBack(kimg);
    if (kimg === last) return;
    [kimg, ...values].forEach((value, place) => this.columns[place].push(value ?? null));
    if (this.columns[0].length > MOST_POINTS) this.columns = this.columns.map((column) => column.filter((_, i) => i % 2));
    this.changed = true;
  }

  // A resumed run goes over some of it again.
  goBack(kimg) {
    const kept = this.columns[0].filter((before) => before < kimg).length;
    this.columns = this.columns.map((column) => column.slice(0, kept));
  }

  draw() {
    if (!this.changed) return;
    this.changed = false;
    if (this.plot) this.plot.setData(this.columns);
    else this.rebuild();
    this.point();
    this.describe();
    this.tabulate();
  }

  // The legend names the newest values while nothing is pointed at.
  point() {
    if (this.plot && this.plot.cursor.idx == null) this.plot.setLegend({ idx: this.columns[0].length - 1 }, false);
  }

  // What the curve says to whoever does not see it: its newest values; all others stand in the table.
  describe() {
    const [kimg, one, two] = this.columns.map((column) => column.at(-1));
    const values = [[this.names[0], one], [this.names[1], two]].filter(([, value]) => value !== null);
    const said = values.map(([name, value]) => `${name} ${fine.format(value)}`).join(", ");
    this.element.setAttribute("aria-label", `${this.title}: ${said} (${this.unit}: ${fine.format(kimg)})`);
  }

  tabulate() {
    if (!this.details.open) return;
    const step = Math.ceil(this.columns[0].length / MOST_ROWS);
    const places = this.columns[0].map((_, place) => place).filter((place) => place % step === 0);
    this.table.replaceChildren(...places.reverse().map((place) => this.row(place)));
  }

  row(place) {
    const row = document.createElement("tr");
    const cells = this.columns.map((column, number) => {
      const cell = document.createElement(number ? "td" : "th");
      if (number) cell.className = "right number";
      else cell.scope = "row";
      cell.textContent = column[place] === null ? "–" : fine.format(column[place]);
      return cell;
    });
    row.append(...cells);
    return row;
  }

  rebuild() {
    if (!this.columns[0].length) return;
    this.plot?.destroy();
    this.plot = new window.uPlot(this.options(), this.columns, this.element);
    this.point();
  }

  options() {
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(name).trim();
    const axis = { stroke: colour("--ink-faint"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false } };
    const font = `12px ${style.getPropertyValue("--sans")}`;
    const value = (_plot, shown) => (shown == null ? "–" : fine.format(shown));
    const line = (label, name) => ({ label, value, stroke: colour(name), width: 2, points: { show: this.columns[0].length < 40, size: 5 } });
    return {
      width: this.element.clientWidth,
      height: 180,
      scales: { x: { time: false } },
      axes: [{ ...axis, font, size: 30 }, { ...axis, font, size: 46 }],
      series: [{ label: this.unit, value }, line(this.names[0], "--chart-1"), { ...line(this.names[1], "--chart-2"), dash: [6, 4] }],
      cursor: { drag: { x: false, y: false } },
      hooks: { setCursor: [() => this.point()] },
    };
  }
}
