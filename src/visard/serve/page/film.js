// The files of a job as small pictures: which one is looked at, how far each is, and what is wrong, where it is wrong.

import { h, megabytes, problem, sentenceOn } from "./dom.js";
import { cached, call } from "./api.js";
import { fromDrop, fromInput } from "./intake.js";
import { SEEN, share } from "./job.js";

const WORDS = { sending: "being sent", waiting: "waiting", looking: "looking for people", found: "ready", hiding: "being hidden",
  done: "hidden", failed: "not hidden", broken: "cannot be used" };

export class Film {
  constructor(job) {
    this.job = job;
    this.tiles = new Map();
    this.list = h("ul", { class: "tiles", "aria-label": "Files" });
    const files = h("input", { type: "file", multiple: true, class: "unseen", tabIndex: -1, "aria-hidden": "true", id: "add-files",
      onchange: (event) => job.take(...fromInput(event.target)) });
    this.more = h("button", { class: "tile add", title: "Add files", onclick: () => files.click() }, h("span", { "aria-hidden": "true" }, "+"), h("span", {}, "Add"));
    this.node = h("nav", { class: "film", "aria-label": "Files",
      ondrop: async (event) => { event.preventDefault(); job.take(...await fromDrop(event.dataTransfer)); } }, this.list, this.more, files);
  }

  show() {
    const { job } = this;
    this.more.hidden = job.busy;
    const nodes = job.files.map((file) => this.tile(file));
    nodes.push(...job.refused.map((refused) => this.refusal(refused)));
    if (nodes.length !== this.list.children.length || nodes.some((node, i) => node !== this.list.children[i])) this.list.replaceChildren(...nodes);
    this.node.classList.toggle("bare", !nodes.length);
  }

  tile(file) {
    const { job } = this;
    let tile = this.tiles.get(file.id);
    if (!tile) {
      const image = h("img", { alt: "" });
      const bar = h("progress", { max: 1, "aria-label": `Progress of ${file.name}` });
      const words = h("span", { class: "tile-words" });
      const open = h("button", { class: "tile", onclick: () => job.look(file, file === job.file ? job.frame : 0) }, image, bar, h("span", { class: "mark", "aria-hidden": "true" }));
      const drop = h("button", { class: "tile-drop", "aria-label": `Remove ${file.name}`, title: "Remove", onclick: async () => {
        try { await call("DELETE", job.filePath(file)); } catch (error) { problem(error); }
      } }, "×");
      tile = { node: h("li", {}, open, drop, words), image, bar, words, open, drop, pictured: false };
      this.tiles.set(file.id, tile);
    }
    const sent = job.sending.get(file.id);
    const bad = ["failed", "broken"].includes(file.state) || (file.state === "sending" && sent === undefined);
    tile.node.className = `state-${file.state}${bad ? " bad" : ""}`;
    const name = file.name.split("/").pop();
    tile.open.disabled = !SEEN.includes(file.state);
    tile.open.title = `${file.name}, ${megabytes(file.bytes)}`;
    tile.open.setAttribute("aria-label", `${file.name}: ${WORDS[file.state]}${file.what ? ", " + file.what : ""}`);
    if (file === job.file) tile.open.setAttribute("aria-current", "true");
    else tile.open.removeAttribute("aria-current");
    const moving = ["sending", "waiting", "looking", "hiding"].includes(file.state) && !bad;
    tile.bar.hidden = !moving;
    if (file.state === "waiting") tile.bar.removeAttribute("value");
    else tile.bar.value = sent ?? share(file);
    tile.drop.hidden = job.busy;
    const lost = file.state === "sending" && bad ? { what: "was not sent to its end", hint: "remove it, and add it again" } : file;
    tile.words.textContent = bad ? sentenceOn(name, lost) : name;
    tile.words.classList.toggle("error", bad);
    if (!tile.image.src && job.local.has(file.id) && file.state !== "broken") tile.image.src = job.local.get(file.id);
    if (file.state === "broken") tile.image.removeAttribute("src");
    if (!tile.pictured && SEEN.includes(file.state)) {
      tile.pictured = true;
      cached(`${job.filePath(file)}/thumbnail`).then((url) => (tile.image.src = url), () => (tile.pictured = false));
    }
    return tile.node;
  }

  refusal(refused) {
    refused.node ??= h("li", { class: "state-broken bad" },
      h("div", { class: "tile", "aria-hidden": "true" }, h("span", { class: "mark" })),
      h("button", { class: "tile-drop", "aria-label": "Dismiss", onclick: () => {
        this.job.refused = this.job.refused.filter((one) => one !== refused);
        this.job.show();
      } }, "×"),
      h("span", { class: "tile-words error", role: "alert" }, sentenceOn(readable(refused.name), refused)));
    return refused.node;
  }

  move(by) {
    const seen = this.job.files.filter((file) => SEEN.includes(file.state));
    const next = seen[(seen.indexOf(this.job.file) + by + seen.length) % seen.length];
    if (next) this.job.look(next);
  }
}

// A name whose control characters are shown as boxes.
const readable = (name) => name.split("/").pop().replace(/[\p{C}]/gu, "□").slice(0, 60);
