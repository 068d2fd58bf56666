// Files on their way in: gathered from a drop or a folder, announced, and sent a few at a time.

import { call, upload } from "./api.js";

const KNOWN = /\.(jpe?g|jpe|jfif|a?png|webp|tiff?|bmp|gif|hei[cf]|hif|avif|mp4|m4v|mov|mkv|webm|avi|mpe?g|m2?ts|3g[p2]|wmv|flv|ogv|mxf|dv)$/i;
const AT_ONCE = 2;

// What was chosen on the first page, until its job is open.
const waiting = new Map();
export const leave = (job, files, skipped) => waiting.set(job, { files, skipped });
export function fetchLeft(job) {
  const left = waiting.get(job) || { files: [], skipped: 0 };
  waiting.delete(job);
  return left;
}

export function fromInput(input) {
  const folder = input.webkitdirectory;
  const all = [...input.files].map((file) => ({ name: file.webkitRelativePath || file.name, file }));
  input.value = "";
  const taken = folder ? all.filter((entry) => KNOWN.test(entry.name)) : all;
  return [taken, all.length - taken.length];
}

export async function fromDrop(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return [[...transfer.files].map((file) => ({ name: file.name, file })), 0];
  const taken = [];
  let skipped = 0;
  async function walk(entry, inFolder) {
    if (entry.isFile) {
      const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
      if (inFolder && !KNOWN.test(entry.name)) skipped += 1;
      else taken.push({ name: entry.fullPath.replace(/^\//, ""), file });
      return;
    }
    const reader = entry.createReader();
    while (true) {
      const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
      if (!some.length) return;
      for (const one of some.sort((a, b) => a.name.localeCompare(b.name))) await walk(one, true);
    }
  }
  for (const entry of entries) await walk(entry, false);
  return [taken, skipped];
}

// Sends files in turn; told(event, entry, value) hears of each: "refused" with why, "announced" with the file, "moved", "lost".
export async function sendAll(job, entries, told) {
  const queue = [...entries];
  async function next() {
    for (let entry = queue.shift(); entry; entry = queue.shift()) {
      let file;
      try {
        file = await call("POST", `/jobs/${job}/files`, { name: entry.name, bytes: entry.file.size });
      } catch (error) {
        told("refused", entry, error);
        continue;
      }
      told("announced", entry, file);
      try {
        await upload(job, file.id, entry.file, (share) => told("moved", file, share));
      } catch (error) {
        told("lost", file, error);
      }
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, next));
}
