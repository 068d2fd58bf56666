// Where somebody is: at the door without a key, at the beginning, or in a job; and what is the same everywhere.

import { $, ask, h, problem, say, toast } from "./dom.js";
import { call, forget, setKey, takeKey } from "./api.js";
import { Job } from "./job.js";
import { start } from "./start.js";

let about = null;
let open = null;

async function show() {
  open?.close();
  open = null;
  forget();
  $("delete").hidden = true;
  try {
    about ??= await call("GET", "/about");
    const id = new URLSearchParams(location.hash.slice(1)).get("job");
    if (id) {
      open = new Job(id, about, () => go(""));
      await open.open();
      $("delete").hidden = false;
    } else {
      step("add");
      $("main").replaceChildren(await start(about, go));
    }
  } catch (error) {
    if (error.status === 401) return;
    if (error.status === 404) { go(""); toast("This job was deleted."); return; }
    $("main").replaceChildren(h("p", { class: "centre" }, "The service does not answer. Is “visard serve” still running? ",
      h("button", { onclick: show }, "Try again")));
  }
}

export function step(name) {
  for (const item of $("steps").children) {
    if (item.dataset.step === name) item.setAttribute("aria-current", "step");
    else item.removeAttribute("aria-current");
  }
}

function go(job) {
  const hash = job ? `#job=${job}` : "";
  if (location.hash === hash) return show();
  if (hash) location.hash = hash;
  else { history.pushState(null, "", location.pathname); show(); }
}

function door() {
  const input = h("input", { type: "password", id: "key", autocomplete: "off", required: true, "aria-describedby": "key-help" });
  const form = h("form", { class: "door card", onsubmit: (event) => { event.preventDefault(); setKey(input.value); show(); } },
    h("img", { src: "/page/mask.svg", alt: "", class: "big-mask" }),
    h("h1", {}, "This page needs its key"),
    h("p", { id: "key-help" }, "Open the address that visard printed when it started; it ends in #key=…  Or paste the key here."),
    h("label", { htmlFor: "key" }, "Key"), input,
    h("button", { class: "primary", type: "submit" }, "Open"));
  $("main").replaceChildren(form);
  say("The key is missing or wrong.");
  input.focus();
}

$("home").addEventListener("click", (event) => { event.preventDefault(); go(""); });
$("delete").addEventListener("click", async () => {
  const sure = await ask("Delete everything of this job?",
    "The originals, the results and all that was found in them are removed from this service at once.", "Delete now", true);
  if (!sure || !open) return;
  try {
    const id = open.id;
    open.close();
    await call("DELETE", `/jobs/${id}`);
    go("");
    toast("Everything of this job is deleted.");
  } catch (error) { problem(error); }
});

const SHORTCUTS = [
  ["← →", "one frame back, on (Shift: ten)"], ["Space", "play or pause a video"], ["[  ]", "the file before, the next file"],
  ["O", "show the original while you look"], ["+  −", "a closer look (Ctrl and wheel)"], ["A", "add a box: draw it, or press Enter to place it"],
  ["Tab, arrow keys", "choose a box and move it"], ["Shift and arrow keys", "make it larger or smaller"],
  ["K or Enter", "keep or hide whoever is in it"], ["Delete", "remove it"], ["Ctrl Z", "undo"],
];
function help() {
  const dialog = h("dialog", { "aria-labelledby": "help-title" }, h("h2", { id: "help-title" }, "Keyboard shortcuts"),
    h("dl", { class: "keys" }, SHORTCUTS.flatMap(([key, says]) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, says)])),
    h("div", { class: "row end" }, h("button", { class: "primary", onclick: () => dialog.close() }, "Close")));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
$("help").addEventListener("click", help);

addEventListener("keydown", (event) => {
  if (event.target.closest("input:not([type=range]), select, textarea, dialog") || event.altKey || event.metaKey) return;
  if (event.key === "?") { help(); event.preventDefault(); return; }
  if (open?.key(event)) event.preventDefault();
});
addEventListener("hashchange", () => { if (location.hash.includes("key=")) takeKey(); show(); });
addEventListener("popstate", () => { if (!location.hash) show(); });
addEventListener("visard-key", door);
addEventListener("dragover", (event) => event.preventDefault());
addEventListener("drop", (event) => event.preventDefault());

takeKey();
show();
