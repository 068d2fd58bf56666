// The service, spoken to with the key in a header: no cookie, nothing in an address that another page could use.

const KEY = "visard-key";
let key = "";

export function takeKey() {
  const given = new URLSearchParams(location.hash.slice(1)).get("key");
  if (given) {
    sessionStorage.setItem(KEY, given);
    history.replaceState(null, "", location.pathname);
  }
  key = sessionStorage.getItem(KEY) || "";
  return key !== "";
}

export function setKey(given) {
  key = given.trim();
  sessionStorage.setItem(KEY, key);
}

const headers = () => ({ Authorization: `Bearer ${key}` });

async function refuse(answer) {
  const told = await answer.json().catch(() => ({}));
  const words = { what: told.what || `the service answered ${answer.status}`, hint: told.hint || "", status: answer.status };
  if (answer.status === 401) dispatchEvent(new CustomEvent("visard-key"));
  throw words;
}

async function send(method, path, body, signal) {
  const options = { method, headers: headers(), signal };
  if (body !== undefined) {
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  let answer;
  try {
    answer = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw { what: "the service does not answer", hint: "is visard serve still running?" };
  }
  return answer.ok ? answer : refuse(answer);
}

export async function call(method, path, body, signal) {
  const answer = await send(method, `/api${path}`, body, signal);
  return answer.status === 204 ? null : answer.json();
}

export async function picture(path, body, signal) {
  const answer = await send(body === undefined ? "GET" : "POST", `/api${path}`, body, signal);
  return URL.createObjectURL(await answer.blob());
}

// Small pictures stay for as long as the job is open.
let small = new Map();
export function cached(path) {
  if (!small.has(path)) small.set(path, picture(path).catch((error) => { small.delete(path); throw error; }));
  return small.get(path);
}
export function forget() {
  for (const url of small.values()) url.then(URL.revokeObjectURL, () => {});
  small = new Map();
}

export function upload(job, file, blob, moved) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("PUT", `/api/jobs/${job}/files/${file}/content`);
    request.setRequestHeader("Authorization", `Bearer ${key}`);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.onprogress = (event) => moved(event.loaded / event.total);
    const lost = () => reject({ what: "the file was not sent to its end", hint: "remove it, and add it again" });
    request.onerror = request.onabort = lost;
    request.onload = () => {
      if (request.status < 300) return resolve(JSON.parse(request.responseText));
      try { reject(JSON.parse(request.responseText)); } catch { lost(); }
    };
    request.send(blob);
  });
}

export async function* events(job, signal) {
  const answer = await send("GET", `/api/jobs/${job}/events`, undefined, signal);
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (true) {
    const { value, done } = await reader.read();
    if (done) return;
    const parts = (text + value).split("\n\n");
    text = parts.pop();
    for (const part of parts) {
      const name = /^event: (.*)$/m.exec(part), data = /^data: (.*)$/m.exec(part);
      if (name && data) yield [name[1], JSON.parse(data[1])];
    }
  }
}

export async function save(job, what, file = "") {
  const { url } = await call("POST", `/jobs/${job}/links`, { what, file });
  const link = document.createElement("a");
  link.href = url;
  link.download = "";
  link.click();
}
