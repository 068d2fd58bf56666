// Who is in the job: a card for everybody, with the face; a click spares somebody in all files, or hides them again.

import { count, h, problem, say } from "./dom.js";
import { cached, call } from "./api.js";

export class People {
  constructor(job) {
    this.job = job;
    this.all = [];
    this.turn = 0;
    this.cards = new Map();
    this.list = h("ul", { class: "people" });
    this.words = h("p", { class: "fine" });
    this.everyone = h("div", { class: "row" },
      h("button", { class: "small", onclick: () => this.setAll(true) }, "Hide all"),
      h("button", { class: "small", onclick: () => this.setAll(false) }, "Keep all"));
    this.node = h("section", { class: "panel", "aria-labelledby": "people-title" },
      h("div", { class: "row between" }, h("h2", { id: "people-title" }, "Who is hidden?"), this.everyone), this.words, this.list);
  }

  async load() {
    try {
      const known = ++this.turn;
      const all = await call("GET", `${this.job.path}/people`);
      if (known === this.turn) this.all = all;
      this.job.show();
      this.job.timeline.build();
    } catch (error) { problem(error); }
  }

  hidden() { return this.all.filter((person) => person.hide).length; }
  of(file, track) { return this.all.find((person) => person.tracks.some((one) => one.file === file.id && one.track === track)); }
  name(person) { return `Person ${this.all.indexOf(person) + 1}`; }

  face(person) {
    const { file, track, frame, box } = person.tracks[0];
    return cached(`${this.job.path}/files/${file}/faces/${track}?${frame}-${box.map(Math.round).join("-")}`);
  }

  show() {
    const { job } = this;
    const nodes = this.all.map((person) => this.card(person));
    if (nodes.length !== this.list.children.length || nodes.some((node, i) => node !== this.list.children[i])) this.list.replaceChildren(...nodes);
    for (const id of [...this.cards.keys()]) if (!this.all.some((person) => person.id === id)) this.cards.delete(id);
    this.everyone.hidden = this.all.length < 3;
    this.words.textContent = this.all.length
      ? "Click a face to keep that person visible in all files."
      : "Nobody was found. Look closely; add a box where somebody was missed.";
    for (const { open } of this.cards.values()) open.disabled = job.busy;
  }

  card(person) {
    let card = this.cards.get(person.id);
    if (!card) {
      const image = h("img", { alt: "" });
      const label = h("span", { class: "person-words" });
      const open = h("button", { class: "person", role: "switch", onclick: () => this.set(this.all.find((one) => one.id === person.id), null) },
        h("span", { class: "face" }, image, h("span", { class: "band", "aria-hidden": "true" })), label);
      card = { node: h("li", {}, open), image, open, label };
      this.cards.set(person.id, card);
      this.face(person).then((url) => (image.src = url), () => {});
    }
    const here = this.job.file && person.tracks.some((track) => track.file === this.job.file.id);
    const files = new Set(person.tracks.map((track) => track.file)).size;
    card.open.setAttribute("aria-checked", String(person.hide));
    card.open.setAttribute("aria-label", `${this.name(person)}, in ${count(files, "file")}: ${person.hide ? "hidden" : "kept visible"}`);
    card.open.classList.toggle("here", Boolean(here));
    card.label.textContent = person.hide ? "Hidden" : "Kept";
    return card.node;
  }

  async set(person, hide) {
    const wanted = hide ?? !person.hide;
    try {
      await this.job.regions?.save();
      Object.assign(person, await call("PUT", `${this.job.path}/people/${person.id}`, { hide: wanted }));
      this.marked([person], wanted, `${this.name(person)} is ${wanted ? "hidden" : "kept visible"}.`);
    } catch (error) { problem(error); }
  }

  marked(people, hide, words) {
    const { file, regions } = this.job;
    const tracks = people.flatMap((person) => person.tracks).filter((track) => track.file === file?.id);
    if (regions) regions.mark(tracks.map((track) => track.track), hide);
    say(words);
    this.job.show();
    this.job.stage.show(true);
    this.job.timeline.build();
  }

  async setAll(hide) {
    try {
      await this.job.regions?.save();
      this.all = await call("PUT", `${this.job.path}/people`, { hide });
      this.marked(this.all, hide, `Everybody is ${hide ? "hidden" : "kept visible"}.`);
    } catch (error) { problem(error); }
  }
}
