// The frame that is looked at, as it would be hidden, and the boxes on it: drawn, moved, made larger or smaller, removed.

import { clock, count, debounce, h, problem, say, toast } from "./dom.js";
import { call, picture } from "./api.js";
import { moved } from "./regions.js";
import { Zoom } from "./zoom.js";

const SIDE = 1600;
const HANDLES = [["nw", 0, 0], ["ne", 1, 0], ["sw", 0, 1], ["se", 1, 1]];

export class Stage {
  constructor(job) {
    Object.assign(this, { job, selected: null, adding: false, reach: "onward", boxes: new Map(), drag: null, original: false });
    this.image = h("img", { alt: "", class: "frame" });
    this.hiddenImage = h("img", { alt: "", class: "frame preview" });
    this.layer = h("svg", { class: "boxes", role: "group", "aria-label": "Boxes", onpointerdown: (e) => this.down(e),
      onpointermove: (e) => this.move(e), onpointerup: (e) => this.up(e), onpointercancel: () => this.cancel() });
    this.draft = h("rect", { class: "draft" });
    this.busy = h("div", { class: "spinner small", hidden: true });
    this.sheet = h("div", { class: "sheet" }, this.image, this.hiddenImage, this.layer);
    this.view = h("div", { class: "view" }, this.sheet);
    this.zoom = new Zoom(this.view, this.sheet, () => { this.shown = ""; this.show(); });
    this.addButton = h("button", { "aria-pressed": "false", onclick: () => this.setAdding(!this.adding), title: "Add a box (A)" }, "+ Add a box");
    this.undoButton = h("button", { onclick: () => job.regions?.undo(), title: "Undo (Ctrl Z)" }, "Undo");
    this.showButton = h("button", { "aria-pressed": "false", onclick: () => this.setOriginal(!this.original), title: "Show the original (O)" }, "Original");
    this.keepButton = h("button", { onclick: () => this.keep(this.selected) }, "Keep");
    this.removeButton = h("button", { onclick: () => this.remove(this.selected) }, "Remove");
    this.scope = h("select", { "aria-label": "Where changes apply", onchange: () => (this.reach = this.scope.value) },
      h("option", { value: "onward" }, "from here on"), h("option", { value: "frame" }, "in this frame"), h("option", { value: "all" }, "everywhere"));
    this.chosen = h("div", { class: "row chosen", hidden: true }, this.keepButton, this.removeButton, this.scope);
    this.tip = h("p", { class: "fine tip" });
    this.node = h("section", { class: "stage", "aria-label": "Preview and boxes" }, h("div", { class: "around" }, this.view, this.busy),
      h("div", { class: "toolbar row" }, this.addButton, this.undoButton, this.showButton, this.zoom.node, this.chosen), this.tip);
    this.previewSoon = debounce(() => this.preview(), 120);
  }

  show(changed = false) {
    const { job } = this;
    if (!job.file || job.view === "done" || !job.regions?.ready) return;
    const { file, frame } = job;
    const at = `${file.id}/${frame}`;
    if (this.shown !== at) {
      this.shown = at;
      this.load(at);
      changed = true;
    }
    this.image.alt = job.multi ? `${file.name}, frame ${frame}` : file.name;
    this.layer.setAttribute("viewBox", `0 0 ${file.width} ${file.height}`);
    this.view.style.setProperty("--ratio", `${file.width} / ${file.height}`);
    this.view.style.setProperty("--shape", file.width / file.height);
    this.view.classList.toggle("locked", job.busy);
    for (const button of [this.addButton, this.undoButton, this.keepButton, this.removeButton]) button.disabled = job.busy;
    this.undoButton.hidden = !job.regions.past.length;
    this.scope.hidden = !job.multi;
    this.draw();
    if (changed && !job.player.playing && !job.busy) this.previewSoon();
  }

  get side() { return Math.min(4096, Math.round(SIDE * this.zoom.factor)); }

  async load(at) {
    const { job } = this;
    this.loading?.abort();
    this.loading = new AbortController();
    this.loaded = picture(`${job.filePath()}/frames/${job.frame}?side=${this.side}`, undefined, this.loading.signal).then((url) => {
      if (this.shown !== at) return URL.revokeObjectURL(url);
      put(this.image, url);
      put(this.hiddenImage, "");
    }).catch(problem);
    await this.loaded;
  }

  async preview() {
    const { job } = this;
    if (!job.file || job.busy || job.view === "done" || !job.regions?.ready) return;
    this.previewing?.abort();
    const { signal } = (this.previewing = new AbortController());
    const at = this.shown, rows = job.regions.at(job.frame);
    const clear = () => put(this.hiddenImage, "");
    if (!rows.some((row) => row.hide) || job.how.groups) {
      clear();
      this.busy.hidden = true;
      this.tip.textContent = job.how.groups ? "This way needs everybody's picture, so it has no preview: hide, and look then." : this.hint(rows);
      return job.how.draw(rows, signal);
    }
    this.busy.hidden = false;
    try {
      const url = await picture(`${job.filePath()}/preview`, { frame: job.frame, side: this.side, policy: job.how.policy(), regions: rows }, signal);
      if (this.shown === at && !signal.aborted) put(this.hiddenImage, url);
      this.tip.textContent = this.hint(rows);
      this.busy.hidden = true;
      await job.how.draw(rows, signal);
    } catch (error) {
      if (error.name !== "AbortError") { clear(); problem(error); }
    } finally { if (this.previewing.signal === signal) this.busy.hidden = true; }
  }

  hint(rows) {
    const kept = rows.filter((row) => !row.hide).length;
    const words = rows.length ? `${count(rows.length - kept, "face")} hidden here${kept ? `, ${kept} kept` : ""}. ` : "Nobody was found here. ";
    return words + (this.job.multi ? "In the finished video a new face may be another one." : "");
  }

  draw() {
    const rows = this.job.regions.at(this.job.frame);
    const scale = this.job.file.width / Math.max(1, this.layer.clientWidth || this.view.clientWidth || 1);
    for (const [track, node] of this.boxes) if (!rows.some((row) => row.track === track)) { node.remove(); this.boxes.delete(track); }
    if (!rows.some((row) => row.track === this.selected)) this.selected = null;
    for (const row of rows) {
      const node = this.boxes.get(row.track) || this.box(row.track);
      const [w, hi] = [row.x1 - row.x0, row.y1 - row.y0];
      const person = this.job.people.of(this.job.file, row.track);
      node.setAttribute("class", `box ${row.hide ? "hide" : "keep"} ${row.track === this.selected ? "selected" : ""}`);
      node.setAttribute("aria-label", `${person ? this.job.people.name(person) : "Added box"}, ${row.hide ? "hidden" : "kept visible"}`);
      node.setAttribute("aria-pressed", String(row.track === this.selected));
      const [frame, ...handles] = node.children;
      set(frame, { x: row.x0, y: row.y0, width: w, height: hi, rx: 3 * scale });
      handles.forEach((handle, i) => set(handle, { cx: row.x0 + HANDLES[i][1] * w, cy: row.y0 + HANDLES[i][2] * hi, r: 8 * scale }));
    }
    const chosen = rows.find((row) => row.track === this.selected);
    this.chosen.hidden = !chosen;
    if (chosen) this.keepButton.textContent = chosen.hide ? "Keep" : "Hide";
  }

  box(track) {
    const node = h("g", { tabindex: 0, role: "button", "data-track": track, onfocus: () => this.select(track) },
      h("rect", { class: "body" }), HANDLES.map(([name]) => h("circle", { class: `handle ${name}`, "data-handle": name })));
    this.boxes.set(track, node);
    this.layer.append(node);
    return node;
  }

  select(track) {
    this.selected = track;
    this.draw();
  }

  setAdding(on) {
    this.adding = on;
    this.addButton.setAttribute("aria-pressed", String(on));
    this.view.classList.toggle("adding", on);
    if (on) say("Draw a box on the picture, or press Enter to place one in the middle.");
  }

  setOriginal(on) {
    this.original = on;
    this.showButton.setAttribute("aria-pressed", String(on));
    this.view.classList.toggle("original", on);
  }

  point(event) {
    const spot = new DOMPoint(event.clientX, event.clientY).matrixTransform(this.layer.getScreenCTM().inverse());
    const { width, height } = this.job.file;
    return [Math.max(0, Math.min(width, spot.x)), Math.max(0, Math.min(height, spot.y))];
  }

  down(event) {
    if (this.job.busy || event.button > 0) return;
    this.job.player.pause();
    const [x, y] = this.point(event), node = event.target.closest("[data-track]");
    if (this.adding || !node) {
      if (!this.adding) { this.selected = null; this.draw(); return; }
      this.drag = { x, y, box: null };
      this.layer.append(this.draft);
    } else {
      const track = Number(node.dataset.track), row = this.job.regions.at(this.job.frame).find((one) => one.track === track);
      this.drag = { x, y, track, row, handle: event.target.dataset.handle, box: null };
      node.focus({ preventScroll: true });
      this.select(track);
    }
    this.layer.setPointerCapture(event.pointerId);
    event.preventDefault();
  }

  move(event) {
    if (!this.drag) return;
    const { drag } = this, [x, y] = this.point(event);
    if (Math.abs(x - drag.x) + Math.abs(y - drag.y) < 2 && !drag.box) return;
    if (drag.track === undefined) {
      drag.box = { x0: Math.min(x, drag.x), y0: Math.min(y, drag.y), x1: Math.max(x, drag.x), y1: Math.max(y, drag.y) };
      set(this.draft, { x: drag.box.x0, y: drag.box.y0, width: drag.box.x1 - drag.box.x0, height: drag.box.y1 - drag.box.y0 });
      return;
    }
    drag.box = shifted(drag.row, x - drag.x, y - drag.y, drag.handle);
    set(this.boxes.get(drag.track).firstChild, { x: drag.box.x0, y: drag.box.y0, width: drag.box.x1 - drag.box.x0, height: drag.box.y1 - drag.box.y0 });
  }

  up() {
    const { drag } = this;
    this.cancel();
    if (!drag?.box) return;
    if (drag.track !== undefined) this.place(drag.track, drag.box);
    else if (drag.box.x1 - drag.box.x0 > 4 && drag.box.y1 - drag.box.y0 > 4) this.add(drag.box);
  }

  cancel() {
    this.drag = null;
    this.draft.remove();
  }

  place(track, box) {
    const { regions, frame } = this.job;
    regions.remember();
    regions.change(track, frame, this.job.multi ? this.reach : "frame", (row, first) => moved(row, first, box));
  }

  async add(box) {
    const { job } = this, { regions, frame, file } = job, track = regions.newTrack();
    this.setAdding(false);
    regions.remember();
    const row = { source: file.name, frame, kind: "face", ...box, score: 1, track, hide: true, points: [] };
    this.selected = track;
    regions.add([row]);
    this.boxes.get(track)?.focus({ preventScroll: true });
    say("A box was added.");
    if (!job.multi) return;
    toast("Following it through the video…");
    try {
      const trail = await call("POST", `${job.filePath(file)}/follow`, { region: row });
      if (job.regions !== regions) return;
      regions.add(trail.regions.filter((one) => one.frame !== frame));
      toast(`Followed from ${clock(regions.times[frame])} to ${clock(regions.times[trail.last])}. ${trail.last < file.frames - 1 ? "Look there: add another box if it goes on." : ""}`);
    } catch (error) { problem(error); }
  }

  async keep(track) {
    await this.job.regions.save(); // somebody who was just added has no card before
    const person = this.job.people.of(this.job.file, track);
    if (person) this.job.people.set(person, null);
  }

  remove(track) {
    const { regions, frame } = this.job;
    if (track === null || this.job.busy) return;
    regions.remember();
    regions.change(track, frame, this.job.multi ? this.reach : "frame", () => null);
    this.selected = null;
    say("The box was removed.");
    this.addButton.focus();
  }

  key(event) {
    const box = event.target.closest?.("[data-track]"), press = event.target.closest?.("button, a");
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (box && steps && !this.job.busy) {
      const track = Number(box.dataset.track), row = this.job.regions.at(this.job.frame).find((one) => one.track === track);
      const by = Math.max(1, (row.x1 - row.x0) / 20);
      this.place(track, shifted(row, steps[0] * by, steps[1] * by, event.shiftKey ? "se" : undefined));
      return true;
    }
    if (box && (event.key === "Delete" || event.key === "Backspace")) { this.remove(Number(box.dataset.track)); return true; }
    if (box && (event.key === "Enter" || event.key === "k")) { this.keep(Number(box.dataset.track)); return true; }
    if (event.key === "a" && !this.job.busy) { this.setAdding(!this.adding); return true; }
    if (event.key === "Enter" && this.adding && !(press && press !== this.addButton)) {
      const { width, height } = this.job.file, half = Math.min(width, height) / 8;
      this.add({ x0: width / 2 - half, y0: height / 2 - half, x1: width / 2 + half, y1: height / 2 + half });
      return true;
    }
    if (event.key === "o") { this.setOriginal(!this.original); return true; }
    if (event.key === "Escape") { this.setAdding(false); this.cancel(); this.select(null); return true; }
    if (event.key === " " && this.job.multi && !press) { this.job.player.toggle(); return true; }
    if (event.key === "+" || event.key === "-") { this.zoom.by(event.key === "+" ? 1 : -1); return true; }
    return false;
  }
}

function put(image, url) {
  if (image.src.startsWith("blob:")) URL.revokeObjectURL(image.src);
  if (url) image.src = url;
  else image.removeAttribute("src");
}

function shifted(row, dx, dy, handle) {
  if (!handle) return { x0: row.x0 + dx, y0: row.y0 + dy, x1: row.x1 + dx, y1: row.y1 + dy };
  const x = [row.x0 + (handle.includes("w") ? dx : 0), row.x1 + (handle.includes("e") ? dx : 0)].sort((a, b) => a - b);
  const y = [row.y0 + (handle.includes("n") ? dy : 0), row.y1 + (handle.includes("s") ? dy : 0)].sort((a, b) => a - b);
  return { x0: x[0], y0: y[0], x1: Math.max(x[1], x[0] + 2), y1: Math.max(y[1], y[0] + 2) };
}

function set(node, values) {
  for (const [key, value] of Object.entries(values)) node.setAttribute(key, value);
}
