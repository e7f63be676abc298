// Keeping and rejecting: each choice goes to the server at once, one after the other, by keyboard, mouse or finger.

const form = document.getElementById("choice");
const curation = document.getElementById("curation");
const undo = document.getElementById("choice-undo");
const error = document.getElementById("choice-error");
const boxes = form ? [...form.querySelectorAll("input[type=checkbox]")] : [];
let turn = Promise.resolve();
let waiting = 0;
// What the server holds as rejected: a choice that did not reach it is taken back.
let gone = new Set(boxes.filter((box) => box.defaultChecked).map((box) => box.value));

curation.classList.add("scripted");

function send(fields) {
  waiting += 1;
  turn = turn
    .then(() => post(fields))
    .catch(() => complain(form.dataset.error))
    .finally(() => {
      waiting -= 1;
      // What was chosen since is not told of yet.
      if (!waiting) for (const box of boxes) box.checked = gone.has(box.value);
    });
}

async function post(fields) {
  const body = new URLSearchParams({ shown: form.elements.shown.value, ...fields });
  body.set("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
  const options = { method: "POST", body, headers: { "X-Part": "curation" }, keepalive: true };
  const answer = await fetch(form.getAttribute("action"), options);
  const told = await answer.json();
  if (!answer.ok) complain(told.error);
  else show(told);
}

function show({ count, rejected, undoable, text }) {
  gone = new Set(rejected.map(String));
  document.getElementById("choice-count").textContent = text;
  document.getElementById("choice-finish").disabled = count === 0;
  undo.disabled = !undoable;
  error.hidden = true;
}

function complain(text) {
  error.textContent = text;
  error.hidden = false;
}

function choose(box, rejected) {
  box.checked = rejected;
  undo.disabled = false;
  send({ do: rejected ? "reject" : "keep", image: box.value });
}

// One of the images is in the order of the tab key; the arrows move it.
function go(to) {
  if (to < 0) return turnPage("prev", "#last");
  if (to >= boxes.length) return turnPage("next", "#first");
  for (const box of boxes) box.tabIndex = -1;
  boxes[to].tabIndex = 0;
  boxes[to].focus();
  boxes[to].closest("li").scrollIntoView({ block: "nearest" });
}

// Once all choices are kept; the page that comes is told where to go on.
async function turnPage(rel, place) {
  const link = document.querySelector(`.pages [rel=${rel}]`);
  await turn;
  if (link && error.hidden) location.assign(link.href.split("#")[0] + place);
}

function columns() {
  const top = boxes[0].closest("li").offsetTop;
  const second = boxes.findIndex((box) => box.closest("li").offsetTop > top);
  return second < 0 ? boxes.length : second;
}

const MOVES = {
  ArrowLeft: (at) => at - 1,
  ArrowRight: (at) => at + 1,
  ArrowUp: (at) => (at < columns() ? at : at - columns()),
  ArrowDown: (at) => (at + columns() < boxes.length ? at + columns() : at),
  Home: () => 0,
  End: () => boxes.length - 1,
};

function press(event) {
  if (event.altKey || event.ctrlKey || event.metaKey || event.target.matches("input:not([type=checkbox]), select, textarea")) return;
  const at = boxes.indexOf(document.activeElement);
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (key === "u" && !undo.disabled) send({ do: "undo" });
  else if ((key === "r" || key === "k") && at >= 0) {
    choose(boxes[at], key === "r");
    go(at + 1);
  } else if (MOVES[key] && (at >= 0 || (document.activeElement === document.body && key.startsWith("Arrow")))) {
    go(at < 0 ? 0 : MOVES[key](at));
  } else return;
  event.preventDefault();
}

if (boxes.length) {
  boxes.forEach((box, at) => (box.tabIndex = at ? -1 : 0));
  form.addEventListener("change", ({ target }) => choose(target, target.checked));
  form.addEventListener("focusin", ({ target }) => boxes.includes(target) && boxes.forEach((box) => (box.tabIndex = box === target ? 0 : -1)));
  document.addEventListener("keydown", press);
  undo.form.addEventListener("submit", (event) => {
    event.preventDefault();
    send({ do: "undo" });
  });
  addEventListener("beforeunload", (event) => waiting && event.preventDefault());
  addEventListener("pageshow", (event) => event.persisted && location.reload());
  if (location.hash === "#choice-title") boxes[0].focus({ preventScroll: true });
  else if (location.hash === "#first") go(0);
  else if (location.hash === "#last") go(boxes.length - 1);
}
