// A closer look at small faces: the picture grows inside its frame, which then scrolls; boxes keep the size of their handles.

import { h } from "./dom.js";

const STEPS = [1, 1.5, 2, 3, 4, 6];

export class Zoom {
  constructor(view, sheet, changed) {
    Object.assign(this, { view, sheet, changed, at: 0 });
    const button = (sign, name, by) => h("button", { class: "play", "aria-label": name, title: name, onclick: () => this.by(by) }, sign);
    this.less = button("−", "Smaller", -1);
    this.node = h("span", { class: "row" }, this.less, button("+", "Larger", 1));
    view.addEventListener("wheel", (event) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      this.by(event.deltaY < 0 ? 1 : -1, event.clientX, event.clientY);
    }, { passive: false });
    this.less.disabled = true;
  }

  get factor() { return STEPS[this.at]; }

  // Grows or shrinks by a step around a place on the screen: the middle, unless told otherwise.
  by(steps, clientX, clientY) {
    const next = Math.max(0, Math.min(STEPS.length - 1, this.at + steps));
    if (next === this.at) return;
    const frame = this.view.getBoundingClientRect(), before = this.factor;
    const x = (clientX ?? frame.left + frame.width / 2) - frame.left, y = (clientY ?? frame.top + frame.height / 2) - frame.top;
    const [left, top] = [this.view.scrollLeft + x, this.view.scrollTop + y];
    this.at = next;
    this.sheet.style.width = `${100 * this.factor}%`;
    this.view.classList.toggle("close", next > 0);
    this.less.disabled = next === 0;
    this.view.scrollTo((left * this.factor) / before - x, (top * this.factor) / before - y);
    this.changed();
  }

  reset() { this.by(-STEPS.length); }
}
