// The line to whoever is signed in: a WebSocket while someone may look at the page, and asking where none gets through.

import { isTelling } from "./telling.js";

const ASK_EVERY = 15000;
const FIRST_WAIT = 1000;
const TRIES = 2;
const HIDDEN_LONG = 5 * 60000;
const SIGNED_OUT = 4404;

export function listen({ heard, ask }) {
  const line = { socket: null, failures: 0, asleep: false, waiting: 0, resting: 0 };

  function connect() {
    clearTimeout(line.waiting);
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(`${scheme}//${location.host}/ws/me/`);
    line.socket = socket;
    const impatient = setTimeout(() => socket.close(), ASK_EVERY);
    socket.onopen = () => {
      clearTimeout(impatient);
      if (line.failures) ask();
    };
    socket.onmessage = (message) => {
      line.failures = 0;
      heard(JSON.parse(message.data));
    };
    socket.onclose = ({ code }) => {
      clearTimeout(impatient);
      if (line.socket === socket) lost(code);
    };
  }

  function lost(code) {
    line.socket = null;
    if (code === SIGNED_OUT) return;
    line.failures += 1;
    const wait = Math.min(ASK_EVERY, FIRST_WAIT * 2 ** (line.failures - 1));
    line.waiting = setTimeout(retry, wait * (0.7 + 0.6 * Math.random()));
  }

  async function retry() {
    if (line.failures >= TRIES && !(await ask())) return;
    connect();
  }

  function rest() {
    clearTimeout(line.waiting);
    const { socket } = line;
    Object.assign(line, { socket: null, asleep: true });
    socket?.close();
  }

  function wake() {
    clearTimeout(line.resting);
    if (!line.asleep) return;
    Object.assign(line, { asleep: false, failures: 0 });
    connect();
    ask();
  }

  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") return wake();
    line.resting = setTimeout(() => isTelling() || rest(), HIDDEN_LONG);
  });
  window.addEventListener("pagehide", rest);
  window.addEventListener("pageshow", (event) => event.persisted && wake());
  connect();
}
