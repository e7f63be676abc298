// Many small images become one zip, stored as they are, so that they cost one upload and not hundreds.
// The same images always give the same bytes: an upload of them that stopped can be gone on with.

const TABLE = Uint32Array.from({ length: 256 }, (_, number) => {
  let value = number;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value >>> 0;
});
const DATE = 0x21; // 1 January 1980: when it was packed says nothing about an image
const UTF8 = 0x800;

// entries: [{path, file}]; a Blob that refers to the files and does not copy them.
export async function zipOf(entries) {
  const pieces = [];
  const directory = [];
  let offset = 0;
  for (const { path, file } of entries) {
    const name = new TextEncoder().encode(path);
    const sum = checksum(new Uint8Array(await file.arrayBuffer()));
    pieces.push(record(0x04034b50, name, file.size, sum), name, file);
    directory.push(record(0x02014b50, name, file.size, sum, offset), name);
    offset += 30 + name.length + file.size;
  }
  const length = directory.reduce((total, piece) => total + piece.length, 0);
  return new Blob([...pieces, ...directory, end(entries.length, length, offset)], { type: "application/zip" });
}

function checksum(bytes) {
  let value = 0xffffffff;
  for (let at = 0; at < bytes.length; at += 1) value = TABLE[(value ^ bytes[at]) & 0xff] ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}

// The header of a file, or with an offset its line in the directory.
function record(signature, name, size, sum, offset) {
  const central = offset !== undefined;
  const view = new DataView(new ArrayBuffer(central ? 46 : 30));
  let at = 0;
  const put16 = (value) => { view.setUint16(at, value, true); at += 2; };
  const put32 = (value) => { view.setUint32(at, value, true); at += 4; };
  put32(signature);
  if (central) put16(20);
  for (const value of [20, UTF8, 0, 0, DATE]) put16(value);
  for (const value of [sum, size, size]) put32(value);
  for (const value of [name.length, 0]) put16(value);
  if (central) {
    for (const value of [0, 0, 0]) put16(value);
    put32(0);
    put32(offset);
  }
  return new Uint8Array(view.buffer);
}

function end(count, length, offset) {
  const view = new DataView(new ArrayBuffer(22));
  view.setUint32(0, 0x06054b50, true);
  view.setUint16(8, count, true);
  view.setUint16(10, count, true);
  view.setUint32(12, length, true);
  view.setUint32(16, offset, true);
  return new Uint8Array(view.buffer);
}
