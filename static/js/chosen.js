// What was dropped or chosen, as things to send: archives and large files each by itself, small images in bundles.

import { zipOf } from "./zip.js";

const SMALL = 4 * 1024 * 1024;
const FEWEST = 4; // fewer images are not worth a bundle
const MOST_BYTES = 96 * 1024 * 1024;
const MOST_FILES = 2000;

// [{name, size, stamp, blob()}] of [{path, file}].
export function sendables(entries, bundleName) {
  const isSmall = ({ path, file }) => file.size > 0 && file.size <= SMALL && !/\.zip$/i.test(path);
  const small = entries.filter(isSmall);
  const inFolders = small.some(({ path }) => path.includes("/"));
  const bundled = small.length >= FEWEST || inFolders ? small : [];
  const alone = entries.filter((entry) => !bundled.includes(entry));
  return [...bundles(bundled).map((group) => bundle(group, bundleName)), ...alone.map(single)];
}

function single({ file }) {
  return { name: file.name, size: file.size, stamp: file.lastModified, blob: async () => file };
}

// Its name tells which images are in it, so that the same choice is known again after a reload.
function bundle(entries, bundleName) {
  const stamp = hash(entries.map(({ path, file }) => `${path} ${file.size} ${file.lastModified}`).join("\n"));
  return {
    title: bundleName(entries.length),
    name: `images-${entries.length}-${stamp}.zip`,
    size: null, // known once it is packed
    stamp,
    bytes: entries.reduce((sum, { file }) => sum + file.size, 0),
    blob: () => zipOf(entries),
  };
}

function bundles(entries) {
  const groups = [];
  let room = 0;
  for (const entry of [...entries].sort((a, b) => (a.path < b.path ? -1 : 1))) {
    const group = groups.at(-1);
    if (!group || room < entry.file.size || group.length === MOST_FILES) {
      groups.push([entry]);
      room = MOST_BYTES;
    } else group.push(entry);
    room -= entry.file.size;
  }
  return groups;
}

function hash(text) {
  let value = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) value = Math.imul(value ^ byte, 0x01000193) >>> 0;
  return value.toString(16).padStart(8, "0");
}

// [{path, file}] of what was dropped, folders walked through.
export async function dropped(transfer) {
  const roots = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!roots.some((root) => root.isDirectory)) return plain(transfer.files);
  const found = [];
  for (const root of roots) await walk(root, "", found);
  return found;
}

export function plain(files) {
  return [...files].map((file) => ({ path: file.webkitRelativePath || file.name, file }));
}

async function walk(entry, above, found) {
  const path = above + entry.name;
  if (entry.isFile) {
    if (!entry.name.startsWith(".")) found.push({ path, file: await new Promise((yes, no) => entry.file(yes, no)) });
    return;
  }
  const reader = entry.createReader();
  for (;;) {
    const some = await new Promise((yes, no) => reader.readEntries(yes, no));
    if (!some.length) return;
    for (const one of some) await walk(one, `${path}/`, found);
  }
}
