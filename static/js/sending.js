// One upload through the API: begun or gone on with, sent in parts, completed. Knows nothing of the page.

const ATTEMPTS = 6;
const AT_ONCE = 2;
const LINKS_AT_ONCE = 16;
const UNHEARD = 3;

// An answer that trying again will not change.
export class Refused extends Error {}

export class Sender {
  constructor({ address, token, set }) {
    Object.assign(this, { address, token, set });
  }

  // `told` is called with bytes sent so far; `waits` while the connection is lost. `signal` cancels.
  async send(item, { told, waits, signal }) {
    const blob = await item.blob();
    const upload = await this.patiently(() => this.opened(item, blob.size), waits, signal);
    item.id = upload.id;
    const missing = numbers(upload.part_count).filter((number) => !upload.parts.includes(number));
    let sent = upload.parts.reduce((sum, number) => sum + partOf(upload, number, blob).size, 0);
    told(sent, blob.size);
    const next = async () => {
      for (let number = missing.shift(); number; number = missing.shift()) {
        const body = partOf(upload, number, blob);
        await this.part(upload, number, body, waits, signal);
        sent += body.size;
        told(sent, blob.size);
      }
    };
    await Promise.all(numbers(AT_ONCE).map(next));
    await this.patiently(() => this.call(`${upload.id}/complete/`, { method: "POST", signal }), waits, signal);
    localStorage.removeItem(this.memory(item));
  }

  part(upload, number, body, waits, signal) {
    const options = { method: "PUT", headers: { "Content-Type": "application/octet-stream" }, body, signal };
    const send = () => upload.direct
      ? this.straight(upload, number, body, signal)
      : this.call(`${upload.id}/parts/${number}/`, options);
    return this.patiently(send, waits, signal);
  }

  // To the store itself, which knows nothing of us: an address that has run out is asked for anew.
  async straight(upload, number, body, signal) {
    const links = (upload.links ??= new Map());
    if (!links.has(number)) await this.fetchLinks(upload, number, signal);
    const response = await this.put(upload, links.get(number), body, signal);
    if (response.ok) return;
    links.clear();
    throw new Error(`${response.status} ${response.statusText}`);
  }

  // A store that this browser never hears an answer of (it does not let our pages send to it, or can't be reached from
  // here) is left aside: the site passes the parts on.
  async put(upload, address, body, signal) {
    try {
      const response = await fetch(address, { method: "PUT", body, signal });
      upload.unheard = 0;
      return response;
    } catch (error) {
      if (!signal.aborted && navigator.onLine) upload.unheard = (upload.unheard ?? 0) + 1;
      if (upload.unheard >= UNHEARD) upload.direct = false;
      throw error;
    }
  }

  async fetchLinks(upload, first, signal) {
    const wanted = numbers(upload.part_count).slice(first - 1, first - 1 + LINKS_AT_ONCE);
    const options = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ numbers: wanted }), signal };
    for (const link of (await this.call(`${upload.id}/links/`, options)).links) upload.links.set(link.number, link.url);
  }

  async patiently(call, waits, signal) {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await call();
      } catch (error) {
        if (error instanceof Refused || signal.aborted || (attempt >= ATTEMPTS && navigator.onLine)) throw error;
        waits();
        await connected();
        await new Promise((resolve) => setTimeout(resolve, 500 * 2 ** Math.min(attempt, ATTEMPTS)));
      }
    }
  }

  // A beginning whose answer was lost is found again.
  async opened(item, size) {
    return (await this.resumed(item, size)) ?? (await this.begun(item, size));
  }

  async begun(item, size) {
    const body = JSON.stringify({ file_name: item.name, size });
    const upload = await this.call("", { method: "POST", headers: { "Content-Type": "application/json" }, body });
    localStorage.setItem(this.memory(item), upload.id);
    return upload;
  }

  // By what this browser remembers; else by name and size, if no other file of that name was begun here.
  async resumed(item, size) {
    const known = localStorage.getItem(this.memory(item));
    const waiting = (await this.call("?state=receiving&page_size=200", {})).results;
    const same = waiting.filter((upload) => upload.file_name === item.name && upload.size === size);
    const remembered = same.find((upload) => upload.id === known);
    const found = remembered ?? same.find((upload) => !this.begunHere(upload.id));
    return found ? this.call(`${found.id}/`, {}) : null; // by itself it also tells of parts that went straight to the store
  }

  begunHere(id) {
    return Object.keys(localStorage).some((key) => key.startsWith("upload:") && localStorage.getItem(key) === id);
  }

  drop(item) {
    localStorage.removeItem(this.memory(item));
    return item.id ? this.call(`${item.id}/`, { method: "DELETE" }).catch(() => {}) : null;
  }

  memory(item) {
    return ["upload", this.set, item.name, item.stamp].join(":");
  }

  async call(path, options) {
    const headers = { ...options.headers, "X-CSRFToken": this.token, Accept: "application/json" };
    const response = await fetch(this.address + path, { ...options, headers });
    if (response.ok) return response.status === 204 ? null : response.json();
    if (response.status >= 500 || response.status === 429) throw new Error(response.statusText);
    throw new Refused(reason(await response.json().catch(() => ({})), response));
  }
}

function numbers(count) {
  return Array.from({ length: count }, (_, index) => index + 1);
}

function partOf(upload, number, blob) {
  const start = (number - 1) * upload.part_size;
  return blob.slice(start, start + upload.part_size);
}

function connected() {
  if (navigator.onLine) return null;
  return new Promise((resolve) => window.addEventListener("online", resolve, { once: true }));
}

function reason(problem, response) {
  const texts = Object.values(problem.errors ?? {}).flat();
  return texts.join(" ") || problem.detail || `${response.status} ${response.statusText}`;
}
