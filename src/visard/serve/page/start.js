// The beginning: a place to drop files, and the jobs that are there already.

import { $, ask, count, h, problem } from "./dom.js";
import { cached, call } from "./api.js";
import { fromDrop, fromInput, leave } from "./intake.js";

export async function start(about, go) {
  const take = async (files, skipped) => {
    if (!files.length) return problem({ what: skipped ? "there are no pictures or videos in it" : "nothing was chosen" });
    try {
      const job = await call("POST", "/jobs", {});
      leave(job.id, files, skipped);
      go(job.id);
    } catch (error) { problem(error); }
  };
  const jobs = await call("GET", "/jobs");
  const local = ["127.0.0.1", "localhost", "[::1]"].includes(location.hostname);
  return h("div", { class: "start" },
    h("section", { class: "welcome" },
      h("h1", {}, "Hide the people in your pictures and videos"),
      h("p", { class: "lead" }, local ? "Everything stays on this computer. Nothing is sent anywhere." :
        "Everything stays on this service, and is deleted when you say so.")),
    dropZone(take, about),
    jobs.length ? h("section", { class: "earlier" }, h("h2", {}, "Not finished, or not deleted yet"),
      h("ul", { class: "jobs" }, jobs.map((job) => jobCard(job, go)))) : null);
}

export function dropZone(take, about) {
  const files = h("input", { type: "file", multiple: true, class: "unseen", tabIndex: -1, id: "choose-files", "aria-hidden": "true",
    onchange: (event) => take(...fromInput(event.target)) });
  const folder = h("input", { type: "file", webkitdirectory: true, class: "unseen", tabIndex: -1, id: "choose-folder", "aria-hidden": "true",
    onchange: (event) => take(...fromInput(event.target)) });
  const zone = h("section", { class: "drop", "aria-label": "Add pictures and videos",
    ondragenter: () => zone.classList.add("over"),
    ondragover: (event) => { event.preventDefault(); zone.classList.add("over"); },
    ondragleave: (event) => { if (!zone.contains(event.relatedTarget)) zone.classList.remove("over"); },
    ondrop: async (event) => { event.preventDefault(); zone.classList.remove("over"); take(...await fromDrop(event.dataTransfer)); } },
    art(), h("p", { class: "drop-words" }, "Drop pictures, videos or a folder here"),
    h("div", { class: "row centre" },
      h("button", { class: "primary", onclick: () => files.click() }, "Choose files"),
      h("button", { onclick: () => folder.click() }, "Choose a folder")),
    h("p", { class: "fine" }, `Up to ${Math.round(about.job_bytes / 1e6).toLocaleString("en")} MB at a time. Everything is deleted after ${count(about.keep_hours, "hour")} at the latest.`),
    files, folder);
  return zone;
}

function art() {
  const face = (x, masked) => [
    h("circle", { cx: x, cy: 52, r: 17, class: "skin" }),
    h("path", { d: `M${x - 27} 104c2-24 14-31 27-31s25 7 27 31z`, class: "coat" }),
    masked ? h("rect", { x: x - 20, y: 43, width: 40, height: 12, rx: 4, class: "band" }) : h("path", { d: `M${x - 7} 51v2m14-2v2m-12 8q5 4 10 0`, class: "line" })];
  return h("svg", { viewBox: "0 0 220 120", class: "art", "aria-hidden": "true" },
    h("rect", { x: 14, y: 10, width: 192, height: 100, rx: 10, class: "sheet" }),
    ...face(62, true), ...face(110, false), ...face(158, true));
}

function jobCard(job, go) {
  const names = { open: "ready to review", hiding: "being hidden", done: "hidden", failed: "could not be hidden" };
  const image = h("img", { alt: "", class: "job-picture" });
  if (job.first) cached(`/jobs/${job.id}/files/${job.first}/thumbnail`).then((url) => (image.src = url), () => {});
  const hours = Math.max(0, (job.ends * 1000 - Date.now()) / 3600000);
  const left = hours >= 1 ? count(Math.round(hours), "hour") : count(Math.ceil(hours * 60), "minute");
  const item = h("li", { class: "job card" },
    h("button", { class: "job-open", onclick: () => go(job.id) }, image,
      h("span", { class: "job-words" }, h("strong", {}, count(job.files, "file")), h("span", {}, names[job.state]),
        h("span", { class: "fine" }, `deleted in ${left}`))),
    h("button", { class: "quiet danger", "aria-label": `Delete the job of ${count(job.files, "file")}`, onclick: async () => {
      if (!await ask("Delete this job?", "Its originals, results and regions are removed at once.", "Delete now", true)) return;
      try { await call("DELETE", `/jobs/${job.id}`); item.remove(); $("main").focus(); } catch (error) { problem(error); }
    } }, "Delete"));
  return item;
}
