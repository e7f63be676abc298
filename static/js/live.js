// Follows the events of a job over a WebSocket. Where sockets do not get through, over server-sent events; where
// neither does, by asking every few seconds.

const TERMINAL = ["succeeded", "failed", "cancelled"];
const NOT_FOUND = 4404;
const TRIES = 2;
const LONGEST_WAIT = 15000;
const OPENING = 10000;
// A socket that lives is pinged every fifteen seconds.
const SILENT = 40000;
// What is cut sooner than this, time and again, does not get through.
const STEADY = 3000;
const ASK_EVERY = 3000;
// After a minute of asking, the network may let more through again.
const ASKED_ENOUGH = 20;

export function follow(addresses, { event, link }) {
  const reader = { last: 0, done: false, failures: 0, asked: 0, worked: false, refused: 0, attempt: 0, heardAt: 0, timer: 0 };
  let leave = null;

  function read(message) {
    if (message.number !== null) {
      if (message.number <= reader.last) return;
      reader.last = message.number;
    }
    event(message);
    if (message.number !== null && TERMINAL.includes(message.kind)) end();
  }

  function end() {
    reader.done = true;
    leave?.();
  }

  function connect() {
    clearTimeout(reader.timer);
    reader.attempt += 1;
    if (reader.failures >= 2 * TRIES) return ask(reader.attempt);
    link("waiting");
    const open = reader.failures < TRIES ? openSocket : openStream;
    leave = open(addresses, reader.last, callbacks(reader.attempt));
  }

  // An attempt that another one has overtaken is not listened to.
  function callbacks(attempt) {
    const current = (act) => (given) => attempt === reader.attempt && act(given);
    const began = Date.now();
    const opened = () => link("live");
    const heard = (message) => {
      Object.assign(reader, { worked: true, refused: 0, heardAt: Date.now() });
      if (reader.heardAt - began > STEADY) reader.failures = 0;
      read(message);
    };
    return { heard: current(heard), opened: current(opened), closed: current(again) };
  }

  function again(code) {
    leave = null;
    if (reader.done) return;
    link("waiting");
    if (code === NOT_FOUND && refused()) return;
    reader.failures += 1;
    later(250 * 2 ** reader.failures);
  }

  // A session may have been renewed in another tab. The second time it is over, and the page says what to do.
  function refused() {
    reader.refused += 1;
    if (reader.refused < 2) return false;
    if (reader.worked) location.reload();
    return true;
  }

  async function ask(attempt) {
    const news = await answer(addresses, reader.last);
    if (attempt !== reader.attempt) return;
    if (news) [...news.events, news.snapshot].forEach(read);
    link(news ? "asking" : "waiting");
    reader.asked += news ? 1 : 0;
    // Where a line was open before, the server was only away.
    if (reader.asked >= (reader.worked ? 1 : ASKED_ENOUGH)) Object.assign(reader, { failures: 0, asked: 0 });
    if (!reader.done) later(ASK_EVERY);
  }

  function later(milliseconds) {
    reader.timer = setTimeout(connect, Math.min(LONGEST_WAIT, milliseconds) * (0.7 + 0.6 * Math.random()));
  }

  // The network is back, or someone looks at the page again: what was put off is done now, and a line that was cut
  // while the machine slept is opened anew.
  function wake(fresh) {
    if (reader.done || (leave && !fresh && Date.now() - reader.heardAt < SILENT)) return;
    leave?.();
    leave = null;
    if (fresh) reader.failures = 0;
    connect();
  }

  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && wake(false));
  window.addEventListener("online", () => wake(true));
  window.addEventListener("pageshow", (shown) => shown.persisted && wake(true));
  connect();
}

function openSocket(addresses, last, { heard, opened, closed }) {
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  const socket = new WebSocket(`${scheme}//${location.host}${addresses.socket}?after=${last}`);
  let impatient = 0;
  const leave = () => {
    clearTimeout(impatient);
    socket.onclose = null;
    socket.close();
  };
  const within = (milliseconds) => {
    clearTimeout(impatient);
    impatient = setTimeout(() => {
      leave();
      closed();
    }, milliseconds);
  };
  within(OPENING);
  socket.onopen = () => {
    within(SILENT);
    opened();
  };
  socket.onmessage = (message) => {
    within(SILENT);
    heard(JSON.parse(message.data));
  };
  socket.onclose = ({ code }) => {
    clearTimeout(impatient);
    closed(code);
  };
  return leave;
}

function openStream(addresses, last, { heard, opened, closed }) {
  const stream = new EventSource(`${addresses.stream}?after=${last}`);
  const leave = () => {
    clearTimeout(impatient);
    stream.close();
  };
  const end = () => {
    leave();
    closed();
  };
  const impatient = setTimeout(end, OPENING);
  stream.onmessage = (message) => {
    clearTimeout(impatient);
    opened();
    heard(JSON.parse(message.data));
  };
  stream.onerror = end;
  return leave;
}

// Nothing where nothing comes back.
async function answer(addresses, last) {
  try {
    const response = await fetch(`${addresses.news}?after=${last}`, { headers: { Accept: "application/json" } });
    if (response.redirected) return location.reload(); // to where whoever signed out meanwhile signs in again
    return response.ok ? await response.json() : null;
  } catch {
    return null;
  }
}
