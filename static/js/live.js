// Follows the events of a job over a WebSocket. Where sockets do not get through, over server-sent events; where
// neither does, by asking every few seconds.

const TERMINAL = ["succeeded", "failed", "cancelled"];
const TRIES = 2;
const LONGEST_WAIT = 15000;
const OPENING = 10000;
const ASK_EVERY = 3000;
// After a minute of asking, the network may let more through again.
const ASKED_ENOUGH = 20;

export function follow(addresses, { event, link }) {
  const reader = { last: 0, done: false, failures: 0, asked: 0 };

  function read(message) {
    if (message.number !== null) {
      if (message.number <= reader.last) return;
      reader.last = message.number;
    }
    event(message);
    if (message.number !== null && TERMINAL.includes(message.kind)) reader.done = true;
  }

  function heard(message) {
    reader.failures = 0;
    read(message);
  }

  function connect() {
    if (reader.failures >= 2 * TRIES) return ask();
    link("waiting");
    const open = reader.failures < TRIES ? openSocket : openStream;
    open(addresses, reader.last, { heard, opened: () => link("live"), closed: again });
  }

  function again() {
    if (reader.done) return;
    link("waiting");
    reader.failures += 1;
    later(connect, 250 * 2 ** reader.failures);
  }

  async function ask() {
    try {
      const { events, snapshot } = await news(addresses, reader.last);
      [...events, snapshot].forEach(read);
      link("asking");
      reader.asked += 1;
    } catch {
      link("waiting");
    }
    if (reader.asked >= ASKED_ENOUGH) Object.assign(reader, { failures: 0, asked: 0 });
    if (!reader.done) later(connect, ASK_EVERY);
  }

  connect();
}

function later(act, milliseconds) {
  setTimeout(act, Math.min(LONGEST_WAIT, milliseconds) * (0.7 + 0.6 * Math.random()));
}

function openSocket(addresses, last, { heard, opened, closed }) {
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  const socket = new WebSocket(`${scheme}//${location.host}${addresses.socket}?after=${last}`);
  const impatient = setTimeout(() => socket.close(), OPENING);
  socket.onopen = () => {
    clearTimeout(impatient);
    opened();
  };
  socket.onmessage = (message) => heard(JSON.parse(message.data));
  socket.onclose = () => {
    clearTimeout(impatient);
    closed();
  };
}

function openStream(addresses, last, { heard, opened, closed }) {
  const stream = new EventSource(`${addresses.stream}?after=${last}`);
  const end = () => {
    clearTimeout(impatient);
    stream.close();
    closed();
  };
  const impatient = setTimeout(end, OPENING);
  stream.onmessage = (message) => {
    clearTimeout(impatient);
    opened();
    heard(JSON.parse(message.data));
  };
  stream.onerror = end;
}

async function news(addresses, last) {
  const response = await fetch(`${addresses.news}?after=${last}`, { headers: { Accept: "application/json" } });
  if (!response.ok) throw new Error(response.statusText);
  return response.json();
}
