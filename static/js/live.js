// Follows the events of a job over a WebSocket. Where sockets do not get through, over server-sent events.

const TERMINAL = ["succeeded", "failed", "cancelled"];
const SOCKET_ATTEMPTS = 3;
const LONGEST_WAIT = 15000;

export function follow(addresses, { event, link }) {
  const reader = { last: 0, done: false, failures: 0 };

  function read(message) {
    reader.failures = 0;
    if (message.number !== null) {
      if (message.number <= reader.last) return;
      reader.last = message.number;
    }
    event(message);
    if (message.number !== null && TERMINAL.includes(message.kind)) reader.done = true;
  }

  function connect() {
    link("waiting");
    const open = reader.failures < SOCKET_ATTEMPTS ? openSocket : openStream;
    open(addresses, reader.last, { read, opened: () => link("live"), closed: again });
  }

  function again() {
    if (reader.done) return;
    link("waiting");
    reader.failures += 1;
    setTimeout(connect, Math.min(LONGEST_WAIT, 500 * 2 ** reader.failures) * (0.7 + 0.6 * Math.random()));
  }

  connect();
}

function openSocket(addresses, last, { read, opened, closed }) {
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  const socket = new WebSocket(`${scheme}//${location.host}${addresses.socket}?after=${last}`);
  socket.onopen = opened;
  socket.onmessage = (message) => read(JSON.parse(message.data));
  socket.onclose = closed;
}

function openStream(addresses, last, { read, opened, closed }) {
  const stream = new EventSource(`${addresses.stream}?after=${last}`);
  stream.onopen = opened;
  stream.onmessage = (message) => read(JSON.parse(message.data));
  stream.onerror = () => {
    stream.close();
    closed();
  };
}
