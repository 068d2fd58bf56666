// What came of it: before and after side by side, what was checked, and the ways to take it along.

import { count, h, problem, sentence } from "./dom.js";
import { call, picture, save } from "./api.js";

// What is checked of faces, which alone are hidden here.
const CHECKED = {
  frames_lost: "No frame is missing", untouched: "Nothing else was changed", found_again: "A second detector finds no hidden face",
  seen_through: "Nobody is drawn in the transparency",
  known_again: "A recogniser does not know the faces again", face_lost: "New faces are seen as faces", detail_left: "No detail of hidden faces is left",
  tags: "No tags that could identify somebody",
};

export class Results {
  constructor(job) {
    this.job = job;
    this.before = h("img", { alt: "The original" });
    this.after = h("img", { alt: "The result" });
    this.fault = h("p", { class: "error fault", hidden: true });
    this.pair = h("div", { class: "pair" },
      h("figure", {}, this.before, h("figcaption", {}, "Before")), h("figure", {}, this.after, h("figcaption", {}, "After")));
    this.node = h("section", { class: "results", "aria-label": "Before and after" }, this.pair, this.fault);
    this.report = null;
    this.loaded = Promise.resolve();
  }

  forget() { this.report = null; this.shown = ""; }

  show() {
    const { job } = this;
    if (job.view !== "done" || !job.file) return;
    const at = `${job.file.id}/${job.frame}`;
    const done = job.file.state === "done";
    this.fault.hidden = done;
    this.pair.lastChild.hidden = !done;
    if (!done) this.fault.textContent = `Not hidden, and not written. ${job.file.what ? sentence(job.file) : ""}`;
    if (this.shown !== at) {
      this.shown = at;
      this.loaded = this.load(at, done);
    }
    if (!this.report) this.loadReport();
  }

  async load(at, done) {
    this.loading?.abort();
    const { signal } = (this.loading = new AbortController());
    const path = `${this.job.filePath()}/frames/${this.job.frame}?side=1280`;
    try {
      const urls = await Promise.all([picture(path, undefined, signal), done ? picture(`${path}&of=result`, undefined, signal) : ""]);
      for (const [image, url] of [[this.before, urls[0]], [this.after, urls[1]]]) {
        if (image.src.startsWith("blob:")) URL.revokeObjectURL(image.src);
        if (url) image.src = url;
      }
    } catch (error) { problem(error); }
  }

  async loadReport() {
    this.report = { files: [] };
    try {
      this.report = await call("GET", `${this.job.path}/report`);
      if (this.job.view === "done") this.job.side.replaceChildren(this.side());
    } catch (error) { if (error.status !== 409) problem(error); }
  }

  side() {
    const { job } = this;
    const entry = this.report?.files.find((file) => file.source === job.file?.name);
    const done = job.files.filter((file) => file.state === "done");
    const bad = job.files.filter((file) => ["failed", "broken"].includes(file.state));
    const parts = [h("section", { class: "panel" },
      h("h2", {}, count(done.length, "file is", "files are") + " ready"),
      h("p", { class: "fine" }, "Every result was read back and checked before it was kept. Look at it once more before you publish it: no detector finds everybody."),
      bad.length ? h("p", { class: "error" }, `${count(bad.length, "file")} could not be hidden and ${bad.length === 1 ? "has" : "have"} no result.`) : null)];
    if (entry) {
      const people = `${count(entry.tracks, "person", "people")} hidden${entry.spared ? ", somebody kept visible" : ""}`;
      parts.push(h("section", { class: "panel" }, h("h2", {}, "This file"), h("p", {}, people),
        h("ul", { class: "checks" }, entry.checks.filter((check) => CHECKED[check.name]).map((check) => h("li", { class: check.passed ? "passed" : "error", title: `${check.name}: ${Number(check.value.toPrecision(3))}, limit ${check.limit}` },
          CHECKED[check.name]))),
        entry.notes.map((note) => h("p", { class: "fine" }, note))));
    }
    return h("div", {}, parts);
  }

  actions() {
    const { job } = this;
    const ready = () => job.files.filter((file) => file.state === "done");
    const done = ready();
    const get = (what, file = () => undefined) => () => save(job.id, what, file()?.id).catch(problem);
    const parts = [h("button", { id: "change", onclick: () => { job.view = "review"; job.stage.shown = ""; job.show(); job.goto(job.frame); } }, "Change something")];
    if (!done.length) return parts;
    parts.push(h("button", { id: "report", onclick: get("report") }, "Report"));
    if (job.file?.state === "done" && done.length > 1) parts.push(h("button", { id: "save-one", onclick: get("result", () => job.file) }, "Download this"));
    parts.push(h("button", { class: "primary big", id: "save", onclick: done.length > 1 ? get("results") : get("result", () => ready()[0]) },
      done.length > 1 ? `Download all ${done.length}` : "Download"));
    return parts;
  }
}
