// How people are hidden: a picture of each way, made of a face of the frame that is looked at; how strongly; and one face or many.

import { h } from "./dom.js";
import { picture } from "./api.js";

const SHOWN = { surrogate: "New face", fill: "Black", blur: "Blur", pixelate: "Mosaic" };
const SAYS = {
  surrogate: "A face of nobody, in the same pose and light.", fill: "The safest: nothing of the face is left.",
  blur: "Familiar; networks may see through it.", pixelate: "Familiar; networks may see through it.",
};

export class How {
  constructor(job) {
    this.job = job;
    const face = job.data.policy.face || {};
    this.method = face.method || "surrogate";
    this.strength = typeof face.strength === "number" ? face.strength : null;
    this.identity = job.data.policy.identity || "picture";
    this.rest = Object.fromEntries(Object.entries(face).filter(([key]) => ["margin", "shape", "fallback"].includes(key)));
    this.seed = job.data.policy.seed || 0;
    const names = Object.keys(SHOWN).filter((name) => this.known(name));
    this.choices = names.map((name) => this.choice(name));
    this.more = h("select", { id: "more-ways", onchange: () => this.more.value && this.choose(this.more.value) },
      h("option", { value: "" }, "More ways…"),
      job.about.methods.filter((one) => !names.includes(one.name)).map((one) => h("option", { value: one.name }, one.groups ? `${one.name} (for folders of people)` : one.name)));
    this.slider = h("input", { type: "range", id: "strength", min: 0.05, max: 1, step: 0.05,
      oninput: () => { this.strength = Number(this.slider.value); this.changed(); } });
    this.value = h("output", { htmlFor: "strength" });
    this.strong = h("div", { class: "field" }, h("label", { htmlFor: "strength" }, "Strength"), this.slider, this.value);
    this.says = h("p", { class: "fine" });
    const radio = (value, title, words) => h("label", { class: "radio" },
      h("input", { type: "radio", name: "identity", value, checked: this.identity === value, onchange: () => { this.identity = value; this.changed(); } }),
      h("span", {}, h("strong", {}, title), h("span", { class: "fine" }, words)));
    this.faces = h("fieldset", {}, h("legend", {}, "New faces"),
      radio("picture", "Another one in every file", "Nobody can be followed from file to file."),
      radio("person", "The same one for a person", "Somebody can be told apart, as somebody else."));
    this.node = h("section", { class: "panel", "aria-labelledby": "how-title" }, h("h2", { id: "how-title" }, "How?"),
      h("div", { class: "ways", role: "radiogroup", "aria-labelledby": "how-title" }, this.choices.map((one) => one.node)),
      this.says, this.strong, this.faces, h("label", { class: "unseen", htmlFor: "more-ways" }, "More ways of hiding"), this.more);
    this.mark();
  }

  known(name) { return this.job.about.methods.find((one) => one.name === name); }

  choice(name) {
    const canvas = h("canvas", { width: 144, height: 144, "aria-hidden": "true" });
    const node = h("button", { class: "way", role: "radio", onclick: () => this.choose(name), onkeydown: (event) => {
      const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (!by) return;
      event.preventDefault();
      event.stopPropagation();
      const at = this.choices.findIndex((one) => one.name === name);
      const next = this.choices[(at + by + this.choices.length) % this.choices.length];
      this.choose(next.name);
      next.node.focus();
    } }, canvas, h("span", {}, SHOWN[name]));
    return { name, node, canvas };
  }

  choose(name) {
    if (name !== this.method) this.strength = null;
    this.method = name;
    this.changed();
  }

  changed() {
    this.mark();
    this.job.stage.show(true);
  }

  mark() {
    const settings = this.known(this.method)?.settings || {};
    for (const { name, node } of this.choices) {
      node.setAttribute("aria-checked", String(name === this.method));
      node.tabIndex = name === this.method || (this.more.value && name === this.choices[0].name) ? 0 : -1;
    }
    if (this.choices.some((one) => one.name === this.method)) this.more.value = "";
    else { this.more.value = this.method; this.choices[0].node.tabIndex = 0; }
    this.says.textContent = SAYS[this.method] || this.known(this.method)?.says || "";
    this.strong.hidden = typeof settings.strength !== "number";
    if (!this.strong.hidden) {
      this.slider.value = this.strength ?? settings.strength;
      this.value.textContent = `${Math.round(100 * this.slider.value)} %`;
      this.slider.setAttribute("aria-valuetext", this.value.textContent);
    }
    this.faces.hidden = this.method !== "surrogate";
  }

  get groups() { return Boolean(this.known(this.method)?.groups); }

  policy(method = this.method) {
    const strength = method === this.method && this.strength !== null ? { strength: this.strength } : {};
    return { seed: this.seed, identity: this.identity, face: { ...this.rest, method, ...strength } };
  }

  // Draws the best face of a frame as each way would hide it.
  async draw(rows, signal) {
    const { job } = this;
    const worth = (row) => 1e6 * row.hide + 1e5 * (row.points.length > 0) + (row.x1 - row.x0) * row.score; // a face rather than a box
    const best = rows.toSorted((a, b) => worth(b) - worth(a))[0];
    if (!best || job.busy) return;
    const side = Math.min(4096, Math.max(job.file.width, job.file.height), 900);
    const scale = Math.min(1, side / Math.max(job.file.width, job.file.height));
    for (const { name, canvas } of this.choices) {
      if (signal.aborted) return;
      try {
        const url = await picture(`${job.filePath()}/preview`, { frame: best.frame, side, policy: this.policy(name), regions: [{ ...best, hide: true }] }, signal);
        const image = new Image();
        image.src = url;
        await image.decode();
        URL.revokeObjectURL(url);
        const { naturalWidth: wide, naturalHeight: high } = image;
        const half = Math.min(0.85 * Math.max(best.x1 - best.x0, best.y1 - best.y0) * scale, wide / 2, high / 2);
        const within = (v, most) => Math.max(half, Math.min(most - half, v * scale));
        const [x, y] = [within((best.x0 + best.x1) / 2, wide), within((best.y0 + best.y1) / 2, high)];
        canvas.getContext("2d").drawImage(image, x - half, y - half, 2 * half, 2 * half, 0, 0, 144, 144);
      } catch { return; }
    }
  }
}
