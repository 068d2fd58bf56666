// The regions of the file that is looked at, as `visard find` writes them: read, changed, undone, and kept.

import { debounce, problem } from "./dom.js";
import { call } from "./api.js";

export class Regions {
  constructor(job, file) {
    Object.assign(this, { job, file, frames: new Map(), times: [0], past: [], ready: false, dirty: false, saving: null });
    this.saveSoon = debounce(() => this.save(), 400);
  }

  async load() {
    const path = this.job.filePath(this.file);
    const [found, times] = await Promise.all([call("GET", `${path}/regions`), call("GET", `${path}/times`)]);
    this.frames = group(found.regions);
    this.times = times;
    this.ready = true;
  }

  at(frame) { return this.frames.get(frame) || []; }

  tracks() {
    const tracks = new Map();
    for (const frame of [...this.frames.keys()].sort((a, b) => a - b)) {
      for (const row of this.at(frame)) {
        const spans = tracks.get(row.track) || [];
        const last = spans.at(-1);
        if (last && last.end >= frame - 1 && last.hide === row.hide) last.end = frame;
        else spans.push({ start: frame, end: frame, hide: row.hide });
        tracks.set(row.track, spans);
      }
    }
    return tracks;
  }

  newTrack() {
    let most = 0;
    for (const rows of this.frames.values()) for (const row of rows) most = Math.max(most, row.track);
    return most + 1;
  }

  remember() {
    this.past.push(new Map(this.frames));
    if (this.past.length > 50) this.past.shift();
  }

  undo() {
    const before = this.past.pop();
    if (!before) return;
    this.frames = before;
    this.changed();
  }

  // Changes a track's rows with work(row, first), from a frame on, in it alone, or everywhere; work may return null to remove one.
  change(track, frame, reach, work) {
    const first = this.at(frame).find((row) => row.track === track);
    for (const [index, rows] of [...this.frames]) {
      if ((reach === "frame" && index !== frame) || (reach === "onward" && index < frame)) continue;
      if (!rows.some((row) => row.track === track)) continue;
      this.frames.set(index, rows.map((row) => (row.track === track ? work(row, first) : row)).filter(Boolean));
    }
    this.changed();
  }

  add(rows) {
    for (const row of rows) {
      const own = { ...row, source: this.file.name };
      this.frames.set(row.frame, [...this.at(row.frame).filter((other) => other.track !== row.track), own]);
    }
    this.changed();
  }

  // What a card said, for all tracks of somebody.
  mark(tracks, hide) {
    for (const [index, rows] of this.frames) {
      if (rows.some((row) => tracks.includes(row.track))) {
        this.frames.set(index, rows.map((row) => (tracks.includes(row.track) ? { ...row, hide } : row)));
      }
    }
  }

  changed() {
    this.dirty = true;
    this.job.edited();
  }

  async save() {
    await this.saving;
    if (!this.dirty) return;
    this.dirty = false;
    const rows = [...this.frames.keys()].sort((a, b) => a - b).flatMap((frame) => this.at(frame));
    this.saving = call("PUT", `${this.job.filePath(this.file)}/regions`, { regions: rows })
      .then(() => this.job.people.load(), (error) => { this.dirty = true; problem(error); });
    await this.saving;
  }
}

function group(rows) {
  const frames = new Map();
  for (const row of rows) {
    if (!frames.has(row.frame)) frames.set(row.frame, []);
    frames.get(row.frame).push(row);
  }
  return frames;
}

// The change of a box from one place to another, done to another row of the same track: relative to its own size.
export function moved(row, first, box) {
  const [w, h] = [first.x1 - first.x0, first.y1 - first.y0];
  const sx = (row.x1 - row.x0) / w, sy = (row.y1 - row.y0) / h;
  const same = Math.abs(box.x1 - box.x0 - w) < 0.01 && Math.abs(box.y1 - box.y0 - h) < 0.01;
  const place = { x0: row.x0 + (box.x0 - first.x0) * sx, y0: row.y0 + (box.y0 - first.y0) * sy,
    x1: row.x1 + (box.x1 - first.x1) * sx, y1: row.y1 + (box.y1 - first.y1) * sy };
  const points = same ? row.points.map(([x, y]) => [x + place.x0 - row.x0, y + place.y0 - row.y0]) : [];
  return { ...row, ...place, points };
}
