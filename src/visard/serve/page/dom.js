// Elements in one call, and the few things that every part of the page says and shows.

export function h(tag, props = {}, ...children) {
  const svg = ["svg", "g", "rect", "path", "circle", "title", "text"].includes(tag) && props.svg !== false;
  const node = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [key, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false || key === "svg") continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key === "class") node.setAttribute("class", value);
    else if (key in node && !svg && !key.startsWith("aria") && key !== "list") node[key] = value;
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export const $ = (id) => document.getElementById(id);

export function say(words) {
  $("said").textContent = "";
  requestAnimationFrame(() => ($("said").textContent = words));
}

let fading;
export function toast(words, bad = false) {
  const box = $("toast");
  box.textContent = words;
  box.className = bad ? "bad" : "";
  box.setAttribute("role", bad ? "alert" : "status");
  box.hidden = false;
  clearTimeout(fading);
  fading = setTimeout(() => (box.hidden = true), bad ? 9000 : 4000);
}

export function problem(error) {
  if (error?.name === "AbortError") return;
  toast(sentence(error), true);
}

export function sentence(problem) {
  const what = problem?.what || "Something went wrong";
  const words = problem?.hint ? `${what}: ${problem.hint}` : what;
  return words.charAt(0).toUpperCase() + words.slice(1) + (/[.?!]$/.test(words) ? "" : ".");
}

// The same about something with a name: "a.jpg is empty: copy it again."
export function sentenceOn(name, problem) {
  const what = (problem.what || "").replace(/^the file(?='s| )/, "").trim();
  const own = /^(is|was|has|took|cannot|could|breaks|holds|shows|does|would|brought|'s)\b/.test(what);
  return sentence({ ...problem, what: own ? `${name}${what.startsWith("'") ? "" : " "}${what}` : `${name}: ${problem.what}` }).replace(/^./, name.charAt(0));
}

export function ask(title, words, yes, danger = false) {
  return new Promise((resolve) => {
    const dialog = h("dialog", { "aria-labelledby": "ask-title" },
      h("h2", { id: "ask-title" }, title), h("p", {}, words),
      h("div", { class: "row end" },
        h("button", { onclick: () => dialog.close() }, "Cancel"),
        h("button", { class: danger ? "primary danger" : "primary", onclick: () => dialog.close("yes") }, yes)));
    dialog.addEventListener("close", () => { dialog.remove(); resolve(dialog.returnValue === "yes"); });
    document.body.append(dialog);
    dialog.showModal();
  });
}

export function clock(seconds) {
  const minutes = Math.floor(seconds / 60);
  return `${minutes}:${(seconds - 60 * minutes).toFixed(1).padStart(4, "0")}`;
}

export const count = (number, one, many = one + "s") => `${number} ${number === 1 ? one : many}`;

export function megabytes(bytes) {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : bytes >= 1e5 ? `${(bytes / 1e6).toFixed(1)} MB` : `${Math.ceil(bytes / 1e3)} kB`;
}

export function debounce(work, wait) {
  let timer;
  return (...values) => { clearTimeout(timer); timer = setTimeout(() => work(...values), wait); };
}
