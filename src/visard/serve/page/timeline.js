// A video's time: its pictures in a strip, somebody's spans below, and a hand to move through it.

import { clock, h } from "./dom.js";
import { cached } from "./api.js";

export class Timeline {
  constructor(job) {
    this.job = job;
    this.strip = h("img", { class: "strip", alt: "" });
    this.slider = h("input", { type: "range", min: 0, step: 1, "aria-label": "Frame", oninput: () => job.goto(Number(this.slider.value)) });
    this.lanes = h("div", { class: "lanes" });
    this.head = h("div", { class: "head", "aria-hidden": "true" });
    this.time = h("output", { class: "time" });
    this.play = h("button", { class: "play", "aria-label": "Play", title: "Play (Space)", onclick: () => job.player.toggle() }, "▶");
    this.node = h("section", { class: "timeline", "aria-label": "Timeline" },
      h("div", { class: "transport" }, this.play,
        h("button", { class: "play", "aria-label": "One frame back", onclick: () => job.goto(job.frame - 1) }, "‹"),
        h("button", { class: "play", "aria-label": "One frame on", onclick: () => job.goto(job.frame + 1) }, "›"), this.time),
      h("div", { class: "band-time" }, this.strip, this.slider), this.lanes, this.head);
  }

  show() {
    this.node.hidden = !this.job.multi;
    const playing = this.job.player.playing;
    this.play.textContent = playing ? "❚❚" : "▶";
    this.play.setAttribute("aria-label", playing ? "Pause" : "Play");
    this.mark();
  }

  build() {
    const { job } = this;
    if (!job.multi || !job.regions?.ready) return;
    const last = Math.max(1, job.file.frames - 1);
    this.slider.max = last;
    if (this.of !== job.file.id) {
      this.of = job.file.id;
      this.strip.removeAttribute("src");
      cached(`${job.filePath()}/strip`).then((url) => (this.strip.src = url), () => {});
    }
    const lanes = [...job.regions.tracks()].map(([track, spans]) => {
      const person = job.people.of(job.file, track);
      const face = h("img", { alt: "", class: "lane-face" });
      if (person) job.people.face(person).then((url) => (face.src = url), () => {});
      const name = person ? job.people.name(person) : "Added";
      const bars = spans.map((span) => {
        const bar = h("button", { class: `span ${span.hide ? "hidden-span" : "kept-span"}`, tabIndex: -1,
          "aria-label": `${name}, ${clock(job.regions.times[span.start] || 0)} to ${clock(job.regions.times[span.end] || 0)}, ${span.hide ? "hidden" : "kept"}`,
          onclick: (event) => {
            const box = bar.getBoundingClientRect();
            const share = box.width ? Math.max(0, Math.min(1, (event.clientX - box.left) / box.width)) : 0;
            job.goto(Math.round(span.start + share * (span.end - span.start)));
          } });
        bar.style.left = `${(100 * span.start) / (last + 1)}%`;
        bar.style.width = `${(100 * (span.end - span.start + 1)) / (last + 1)}%`;
        return bar;
      });
      return h("div", { class: "lane" }, face, h("div", { class: "rail" }, bars));
    });
    this.lanes.replaceChildren(...lanes);
    this.mark();
  }

  mark() {
    const { job } = this;
    if (!job.multi || !job.regions?.ready) return;
    this.slider.value = job.frame;
    const time = job.regions.times[job.frame] ?? 0;
    this.time.textContent = `${clock(time)} of ${clock(job.file.seconds)}`;
    this.slider.setAttribute("aria-valuetext", `${clock(time)}, frame ${job.frame}`);
    this.head.style.setProperty("--at", job.frame / Math.max(1, job.file.frames - 1));
  }
}
