// A job while it is open: what the service tells of it, which file and frame is looked at, and which part of the page shows that.

import { $, count, h, problem, say, toast } from "./dom.js";
import { call, events } from "./api.js";
import { step } from "./app.js";
import { dropZone } from "./start.js";
import { fetchLeft, sendAll } from "./intake.js";
import { Film } from "./film.js";
import { How } from "./how.js";
import { People } from "./people.js";
import { Player } from "./player.js";
import { Regions } from "./regions.js";
import { Results } from "./results.js";
import { Stage } from "./stage.js";
import { Timeline } from "./timeline.js";

export const SEEN = ["found", "hiding", "done", "failed"];

export class Job {
  constructor(id, about, leave) {
    Object.assign(this, { id, about, leave, file: null, frame: 0, saving: false });
    this.stopper = new AbortController();
    this.sending = new Map();
    this.local = new Map();
    this.refused = [];
    this.path = `/jobs/${id}`;
  }

  async open() {
    this.data = await call("GET", this.path);
    this.film = new Film(this);
    this.people = new People(this);
    this.how = new How(this);
    this.player = new Player(this);
    this.stage = new Stage(this);
    this.timeline = new Timeline(this);
    this.results = new Results(this);
    this.view = this.data.state === "done" ? "done" : "review";
    this.action = h("div", { class: "action" });
    this.side = h("aside", { class: "side", "aria-label": "People and how to hide them" });
    this.middle = h("section", { class: "middle", "aria-label": "The picture" });
    $("main").replaceChildren(h("div", { class: "job-view" }, this.film.node, this.middle, this.side, this.action));
    this.show();
    this.listen();
    const left = fetchLeft(this.id);
    this.take(left.files, left.skipped);
    await this.people.load();
  }

  close() {
    this.player?.pause();
    this.stopper.abort();
    for (const url of this.local.values()) URL.revokeObjectURL(url);
    this.regions?.save();
  }

  get files() { return this.data.files; }
  get busy() { return this.data.state === "hiding"; }
  get multi() { return this.file?.frames > 1; }
  fileOf(id) { return this.files.find((file) => file.id === id); }
  filePath(file = this.file) { return `${this.path}/files/${file.id}`; }

  async listen() {
    while (!this.stopper.signal.aborted) {
      try {
        for await (const [name, data] of events(this.id, this.stopper.signal)) this.heard(name, data);
      } catch (error) {
        if (this.stopper.signal.aborted) return;
        if (error.status === 404) { this.leave(); return; }
      }
      await new Promise((resolve) => setTimeout(resolve, 1500));
    }
  }

  heard(name, data) {
    const before = this.data.state;
    if (name === "gone") { this.close(); this.leave(); toast("This job was deleted."); return; }
    if (name === "job") Object.assign(this.data, data);
    if (name === "removed") this.data.files = this.files.filter((file) => file.id !== data.id);
    if (name === "file") {
      const known = this.fileOf(data.id);
      const fresh = data.state === "found" && known?.state !== "found" && known?.state !== "hiding";
      if (known) Object.assign(known, data);
      else this.files.push(data);
      if (fresh) this.people.load();
      if (data.state === "broken" && known?.state !== "broken") say(`${data.name}: ${data.what}`);
    }
    if (this.data.state !== before) {
      if (this.data.state === "done") { this.view = "done"; say("Done. The results are ready."); }
      if (this.data.state === "failed") { this.view = "review"; say("Nothing could be hidden. Every file says why."); }
      if (before === "hiding") this.results.forget();
      if (before === "done" && this.data.state === "open") this.view = "review";
    }
    this.show();
  }

  async take(entries, skipped) {
    if (skipped) toast(`${count(skipped, "other file")} in the folder ${skipped === 1 ? "was" : "were"} left out.`);
    if (!entries.length) return;
    await sendAll(this.id, entries, (event, entry, value) => {
      if (event === "refused") this.refused.push({ name: entry.name, ...value });
      if (event === "refused") say(`${entry.name}: ${value.what}`);
      if (event === "announced") this.sending.set(value.id, 0);
      if (event === "announced" && /^image\/(jpeg|png|webp|gif)$/.test(entry.file.type)) this.local.set(value.id, URL.createObjectURL(entry.file));
      if (event === "announced" && !this.fileOf(value.id)) this.files.push(value);
      if (event === "moved") this.sending.set(entry.id, value);
      if (event === "moved" && value === 1) this.sending.delete(entry.id);
      if (event === "lost") { this.sending.delete(entry.id); Object.assign(this.fileOf(entry.id) || {}, value, { state: "sending" }); }
      this.film.show();
    });
    this.show();
  }

  // Chooses what to look at: the first file that was seen, until somebody chooses another.
  show() {
    if (!this.files.includes(this.file)) this.file = null;
    if (!this.file) {
      const first = this.files.find((file) => SEEN.includes(file.state));
      if (first) { this.look(first); return; }
    }
    step(this.view === "done" ? "done" : this.file ? "review" : "add");
    this.film.show();
    const empty = !this.files.length && !this.refused.length;
    if (!this.file) {
      const waits = this.files.some((file) => ["sending", "waiting", "looking"].includes(file.state));
      this.middle.replaceChildren(waits ? h("div", { class: "searching" }, h("div", { class: "spinner" }), h("p", {}, "Looking for people…"))
        : dropZone((files, skipped) => this.take(files, skipped), this.about));
      this.side.hidden = true;
    } else if (this.view === "done") {
      this.middle.replaceChildren(this.results.node, this.timeline.node);
      this.side.replaceChildren(this.results.side());
      this.side.hidden = false;
    } else {
      if (!this.middle.contains(this.stage.node)) this.middle.replaceChildren(this.stage.node, this.timeline.node);
      if (!this.side.contains(this.how.node)) this.side.replaceChildren(this.people.node, this.how.node);
      this.side.hidden = false;
    }
    this.side.classList.toggle("locked", this.busy);
    this.middle.classList.toggle("moving", this.multi);
    this.timeline.show();
    this.stage.show();
    this.results.show();
    this.people.show();
    this.showAction(empty);
  }

  showAction(empty) {
    const ready = this.files.filter((file) => SEEN.includes(file.state));
    const waits = this.files.filter((file) => ["waiting", "looking"].includes(file.state) || this.sending.has(file.id));
    const unsent = this.files.filter((file) => file.state === "sending" && !this.sending.has(file.id));
    const parts = [];
    if (this.busy) {
      const able = this.files.filter((file) => file.state !== "broken");
      const done = able.filter((file) => ["done", "failed"].includes(file.state)).length;
      const shares = able.map((file) => (["done", "failed"].includes(file.state) ? 1 : share(file)));
      const all = shares.reduce((sum, one) => sum + one, 0) / Math.max(1, shares.length);
      this.doing ??= h("div", { class: "doing" }, h("label", { htmlFor: "whole" }), h("progress", { id: "whole", max: 1 }));
      this.stopButton ??= h("button", { onclick: () => call("POST", `${this.path}/stop`).catch(problem) }, "Stop");
      this.doing.firstChild.textContent = `Hiding… ${done} of ${count(able.length, "file")} done`;
      this.doing.lastChild.value = all;
      parts.push(this.doing, this.stopButton);
    } else if (this.view === "done") {
      parts.push(...this.results.actions());
    } else if (!empty && ready.length) {
      const hidden = this.people.hidden();
      const words = hidden ? `Hide ${count(hidden, "person", "people")} in ${count(ready.length, "file")}` : `Clean ${count(ready.length, "file")}, hide nobody`;
      if (unsent.length) parts.push(h("span", { class: "fine" }, `${count(unsent.length, "file")} not sent to the end: remove ${unsent.length === 1 ? "it" : "them"} first.`));
      if (waits.length) parts.push(h("span", { class: "fine" }, `Still looking at ${count(waits.length, "file")}…`));
      if (this.data.state === "done") parts.push(h("button", { onclick: () => { this.view = "done"; this.show(); } }, "Back to the results"));
      parts.push(h("button", { class: "primary big", id: "hide", disabled: unsent.length > 0 || this.sending.size > 0, onclick: () => this.hide() }, words));
    }
    // Only what is new is put there: a button that has the focus keeps it.
    const same = this.busy ? "busy" : parts.map((part) => part.textContent + part.disabled).join("|");
    if (same !== this.shown) this.action.replaceChildren(...parts);
    this.shown = same;
    this.action.hidden = !parts.length;
  }

  async hide() {
    try {
      await this.regions?.save();
      Object.assign(this.data, await call("POST", `${this.path}/hide`, this.how.policy()));
      this.file = this.fileOf(this.file?.id) || null;
      say("Hiding has begun.");
      this.show();
    } catch (error) { problem(error); }
  }

  async look(file, frame = 0) {
    try {
      await this.regions?.save();
      this.player.pause();
      if (file !== this.file) this.stage.zoom.reset();
      this.file = file;
      this.frame = Math.min(frame, Math.max(0, file.frames - 1));
      this.regions = new Regions(this, file);
      this.show();
      await this.regions.load();
      if (this.file !== file) return;
      this.timeline.build();
      this.goto(this.frame);
    } catch (error) { problem(error); }
  }

  goto(frame) {
    this.frame = Math.max(0, Math.min(frame, (this.file?.frames || 1) - 1));
    this.timeline.mark();
    if (this.view === "done") this.results.show(true);
    else this.stage.show(true);
  }

  // Something of the regions changed: draw them, keep them, and count the people anew.
  edited() {
    this.stage.show(true);
    this.timeline.build();
    this.regions.saveSoon();
  }

  key(event) {
    if (!this.file) return false;
    if (event.ctrlKey) return event.key === "z" && this.view !== "done" ? (this.regions.undo(), true) : false;
    const by = event.shiftKey ? 10 : 1;
    if (this.view !== "done" && this.stage.key(event)) return true;
    if (event.target.closest("[role=radiogroup], input")) return false;
    if (event.key === "ArrowRight") return this.multi ? (this.goto(this.frame + by), true) : false;
    if (event.key === "ArrowLeft") return this.multi ? (this.goto(this.frame - by), true) : false;
    if (event.key === "[" || event.key === "]") { this.film.move(event.key === "]" ? 1 : -1); return true; }
    return false;
  }
}

export function share(file) {
  const { progress } = file;
  if (!progress || !progress.total) return 0;
  const rooms = file.state === "looking" ? { find: [0, 0.95] } : { find: [0, 0.1], hide: [0.1, 0.8], doubt: [0.9, 0.1] };
  const [from, width] = rooms[progress.room] || [0, 0.1];
  return Math.min(0.99, from + width * Math.min(1, progress.done / progress.total));
}
