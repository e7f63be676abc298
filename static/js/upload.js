// Sends files in parts of 8 MB through the API, and continues where a lost connection or a closed tab stopped.

const form = document.getElementById("drop");
const list = document.getElementById("sending");
const ATTEMPTS = 6;

if (form) {
  form.images.addEventListener("change", sendChosen);
  sendChosen(); // what was chosen before this script had arrived
  form.addEventListener("dragover", (event) => {
    event.preventDefault();
    form.classList.add("over");
  });
  form.addEventListener("dragleave", () => form.classList.remove("over"));
  form.addEventListener("drop", (event) => {
    event.preventDefault();
    form.classList.remove("over");
    sendAll([...event.dataTransfer.files]);
  });
}

function sendChosen() {
  sendAll([...form.images.files]);
  form.reset();
}

async function sendAll(files) {
  const rows = files.map((file) => [file, addRow(file)]);
  for (const [file, row] of rows) await sendShown(file, row);
}

async function sendShown(file, row) {
  try {
    await send(file, row);
    row.bar.value = 1;
    row.finish(form.dataset.done);
  } catch (error) {
    row.fail(error instanceof Refused ? error.message : form.dataset.failed, () => sendShown(file, row));
  }
  refreshIntake();
}

async function send(file, row) {
  const upload = await resumed(file) ?? await begun(file);
  const received = new Set(upload.parts);
  for (let number = 1; number <= upload.part_count; number += 1) {
    if (!received.has(number)) await sendPart(upload, number, file, row);
    row.bar.value = number / (upload.part_count + 1);
    row.say(`${Math.round((100 * number) / upload.part_count)} %`);
  }
  await call(`${upload.id}/complete/`, { method: "POST" });
  localStorage.removeItem(memory(file));
}

async function sendPart(upload, number, file, row) {
  const start = (number - 1) * upload.part_size;
  const body = file.slice(start, start + upload.part_size);
  const headers = { "Content-Type": "application/octet-stream" };
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await call(`${upload.id}/parts/${number}/`, { method: "PUT", headers, body });
    } catch (error) {
      if (error instanceof Refused || attempt === ATTEMPTS) throw error;
      row.say(form.dataset.lost);
      await new Promise((resolve) => setTimeout(resolve, 500 * 2 ** attempt));
    }
  }
}

async function begun(file) {
  const upload = await call("", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ file_name: file.name, size: file.size }),
  });
  localStorage.setItem(memory(file), upload.id);
  return upload;
}

async function resumed(file) {
  const id = localStorage.getItem(memory(file));
  if (!id) return null;
  try {
    const upload = await call(`${id}/`, {});
    return upload.state === "receiving" && upload.size === file.size ? upload : null;
  } catch (error) {
    if (error instanceof Refused) return null;
    throw error;
  }
}

function memory(file) {
  return ["upload", form.dataset.set, file.name, file.size, file.lastModified].join(":");
}

// An answer that trying again will not change.
class Refused extends Error {}

async function call(path, options) {
  const headers = { ...options.headers, "X-CSRFToken": form.csrfmiddlewaretoken.value, Accept: "application/json" };
  const response = await fetch(form.dataset.uploads + path, { ...options, headers });
  if (response.ok) return response.json();
  if (response.status >= 500 || response.status === 429) throw new Error(response.statusText);
  throw new Refused(reason(await response.json().catch(() => ({})), response));
}

function reason(problem, response) {
  const texts = Object.values(problem.errors ?? {}).flat();
  return texts.join(" ") || problem.detail || `${response.status} ${response.statusText}`;
}

function addRow(file) {
  const item = document.createElement("li");
  const name = document.createElement("span");
  const state = document.createElement("span");
  const bar = document.createElement("progress");
  name.textContent = file.name;
  state.textContent = form.dataset.waiting;
  state.className = "soft number";
  bar.max = 1;
  bar.value = 0;
  bar.setAttribute("aria-label", file.name);
  item.append(name, state, bar);
  list.append(item);
  const say = (text) => { state.textContent = text; };
  return { bar, say, finish: (text) => leave(item, say, text), fail: (text, again) => showFailure(item, text, again) };
}

// From here on the list of the server shows it.
function leave(item, say, text) {
  say(text);
  setTimeout(() => item.remove(), 2000);
}

function showFailure(item, text, again) {
  const error = document.createElement("p");
  const button = document.createElement("button");
  error.className = "error";
  error.setAttribute("role", "alert");
  error.textContent = `${text} `;
  button.type = "button";
  button.className = "quiet small";
  button.textContent = form.dataset.retry;
  button.addEventListener("click", () => {
    error.remove();
    again();
  });
  error.append(button);
  item.append(error);
}

function refreshIntake() {
  const intake = document.getElementById("intake");
  window.htmx?.ajax("GET", intake.dataset.url, { target: "#intake", swap: "outerHTML" });
}
