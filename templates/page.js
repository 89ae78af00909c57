"use strict";
// Text from outside reaches the page through textContent alone.
const $ = (id) => document.getElementById(id);

// The findings' filter. Each choice says how many findings it has.
const findings = [...document.querySelectorAll(".finding")];
const fields = ["severity", "rule", "packet"];
function choices(name) {
  const count = new Map();
  for (const f of findings) count.set(f.dataset[name], (count.get(f.dataset[name]) || 0) + 1);
  const values = [...count.keys()].filter(Boolean);
  if (name !== "severity") values.sort(); // severities stand in the order of the findings
  $("filter-" + name).append(...values.map((value) => new Option(value + " (" + count.get(value) + ")", value)));
}
function filter() {
  let shown = 0;
  const wanted = fields.map((name) => $("filter-" + name).value);
  for (const f of findings) {
    f.hidden = !fields.every((name, i) => !wanted[i] || f.dataset[name] === wanted[i]);
    if (!f.hidden) shown++;
  }
  $("filter-count").textContent = shown + " of " + findings.length + " shown";
}
if (findings.length) {
  for (const name of fields) {
    choices(name);
    $("filter-" + name).addEventListener("change", filter);
  }
  $("filters").addEventListener("reset", () => setTimeout(filter));
  $("filters").addEventListener("submit", (e) => e.preventDefault());
  filter();
}

// Logs are packed; one is unpacked when it is opened, and only the lines that
// are in view become elements.
const logs = JSON.parse($("logs").textContent) || {};
const rowHeight = 20;
const sgr = /\x1b\[([0-9;:]*)m|\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b./g;
const longest = 4000; // characters of a line that are shown
// What a line of a failure looks like: go test, vitest, tsc and their like, and diagnostics that begin with their place.
const failure = /(^|\s)(--- FAIL|FAIL\b|FAILED\b|panic:|fatal error:|\w*Error:|error(\[\w+\])?:|error TS\d+|npm (ERR!|error)\b|✗|×)|^\S*\.\w+(:\d+:\d+: |\(\d+,\d+\): error)/;

async function unpack(packed) {
  const bytes = Uint8Array.from(atob(packed), (c) => c.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
}

// hue is the page's colour, 0 to 8, that comes closest to one of a terminal's 256, or to red, green and blue: they
// keep apart what was coloured apart, and are readable on light and dark.
function hue(code, r, g, b) {
  if (code !== undefined) {
    if (code < 16) return code === 8 || code < 8 ? code : code - 8;
    if (code > 231) return code < 244 ? 8 : 7;
    [r, g, b] = [36, 6, 1].map((unit) => Math.floor((code - 16) / unit) % 6 * 51);
  }
  const high = Math.max(r, g, b), low = Math.min(r, g, b), half = (high + low) / 2;
  if (high - low < 48) return half < 128 ? 8 : 7;
  return (r > half ? 1 : 0) + (g > half ? 2 : 0) + (b > half ? 4 : 0);
}

// paint changes a style by the codes of one escape sequence.
function paint(style, codes) {
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i];
    if (code === 0) Object.assign(style, { b: "", d: "", i: "", u: "", s: "", ink: -1, ground: -1, inverse: false });
    else if (code === 22) style.b = style.d = "";
    else if (code >= 1 && code <= 4) { const k = "bdiu"[code - 1]; style[k] = k; }
    else if (code === 23) style.i = "";
    else if (code === 24) style.u = "";
    else if (code === 7 || code === 27) style.inverse = code === 7;
    else if (code === 9 || code === 29) style.s = code === 9 ? "s" : "";
    else if (code === 39) style.ink = -1;
    else if (code === 49) style.ground = -1;
    else if (code >= 30 && code <= 37 || code >= 90 && code <= 97) style.ink = code < 90 ? code - 30 : code === 90 ? 8 : code - 90;
    else if (code >= 40 && code <= 47 || code >= 100 && code <= 107) style.ground = code < 100 ? code - 40 : code === 100 ? 8 : code - 100;
    else if (code === 38 || code === 48) {
      const color = codes[i + 1] === 5 ? hue(codes[i + 2]) : hue(undefined, ...codes.slice(i + 2, i + 5));
      if (code === 38) style.ink = color; else style.ground = color;
      i += codes[i + 1] === 5 ? 2 : 4;
    }
  }
}

// classes of a style. On a ground the ink is the page's own, so that it can be read.
function classes(style) {
  const ground = style.inverse ? Math.max(style.ink, 0) : style.ground;
  const color = ground >= 0 ? "g g" + ground : style.ink >= 0 ? "c" + style.ink : style.d;
  return [style.b, style.i, style.u, style.s, color].filter(Boolean).join(" ");
}

function lineOf(text, number) {
  const row = document.createElement("span");
  row.className = "row";
  const n = document.createElement("span");
  n.className = "n";
  n.textContent = number;
  row.append(n);
  const style = {};
  paint(style, [0]);
  let at = 0;
  const put = (s) => {
    if (!s) return;
    const span = document.createElement("span");
    span.className = classes(style);
    span.textContent = s.replace(/[\x00-\x08\x0b-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "\ufffd");
    row.append(span);
  };
  for (const m of text.matchAll(sgr)) {
    put(text.slice(at, m.index));
    at = m.index + m[0].length;
    if (m[1] !== undefined) paint(style, m[1].split(/[;:]/).map(Number));
  }
  put(text.slice(at));
  return row;
}

// openLog shows a text in its box, and gives what goes to a line of it.
function openLog(box, text) {
  const lines = text.replace(/\r\n/g, "\n").replace(/\n$/, "").split("\n").map((l) => l.slice(l.replace(/\r+$/, "").lastIndexOf("\r") + 1));
  const bare = (i) => lines[i].replace(sgr, "");
  const view = box.querySelector(".log"), status = box.querySelector(".log-status"), pre = document.createElement("pre");
  const above = document.createElementNS("http://www.w3.org/2000/svg", "svg"), below = above.cloneNode();
  for (const s of [above, below]) { s.setAttribute("width", "1"); s.setAttribute("aria-hidden", "true"); s.setAttribute("display", "block"); }
  view.replaceChildren(above, pre, below);
  let first = -1, hit = -1;
  function draw(force) {
    const from = Math.max(0, Math.min(lines.length - 1, Math.floor(view.scrollTop / rowHeight) - 30));
    const start = from - (from % 20);
    if (start === first && !force) return;
    first = start;
    const end = Math.min(lines.length, start + 120);
    const rows = [];
    for (let i = start; i < end; i++) {
      const cut = lines[i].length > longest;
      const row = lineOf(cut ? lines[i].slice(0, longest) + "\x1b[m … (" + (lines[i].length - longest) + " more characters)" : lines[i], i + 1);
      if (i === hit) row.classList.add("hit");
      rows.push(row);
    }
    above.setAttribute("height", start * rowHeight);
    below.setAttribute("height", (lines.length - end) * rowHeight);
    pre.replaceChildren(...rows);
  }
  function go(i) {
    hit = Math.max(0, Math.min(i, lines.length - 1));
    view.scrollTop = Math.max(0, (hit - 5) * rowHeight);
    draw(true);
    status.textContent = "line " + (hit + 1) + " of " + lines.length;
  }
  const matching = (wanted) => lines.map((_, i) => i).filter((i) => wanted(bare(i)));
  // search goes to the next line with the word, or the one before, and says which of how many it is.
  function search(word, by) {
    const found = matching((l) => l.toLowerCase().includes(word));
    if (!found.length) { status.textContent = "match: nothing found"; return; }
    let k = by > 0 ? found.findIndex((i) => i > hit) : found.findLastIndex((i) => i < hit);
    if (k < 0) k = by > 0 ? 0 : found.length - 1;
    go(found[k]);
    status.textContent += ", match " + (k + 1) + " of " + found.length;
  }
  // toFailure goes to the first failure that the evidence names; else to what looks like one; else to the end.
  const names = (box.dataset.failing || "").split("\n").filter(Boolean);
  function toFailure() {
    const found = matching((l) => failure.test(l));
    for (const name of names) {
      const i = found.find((i) => bare(i).includes(name));
      if (i !== undefined) { go(i); status.textContent += ", the first failure"; return; }
    }
    go(found.length ? found[0] : lines.length - 1);
    status.textContent += found.length ? ", the first that looks like a failure" : ", the end: no line looks like a failure";
  }
  view.addEventListener("scroll", () => requestAnimationFrame(() => draw(false)), { passive: true });
  const input = box.querySelector("input");
  const next = (by) => { const word = input.value.toLowerCase(); if (word) search(word, by); };
  box.querySelector("form").addEventListener("submit", (e) => e.preventDefault());
  input.addEventListener("keydown", (e) => { if (e.key === "Enter") { e.preventDefault(); next(e.shiftKey ? -1 : 1); } });
  box.querySelector(".next").addEventListener("click", () => next(1));
  box.querySelector(".failure")?.addEventListener("click", toFailure);
  status.textContent = lines.length + (lines.length === 1 ? " line" : " lines");
  draw(true);
  return { view, go, toFailure };
}

// A text is unpacked once, when its box is opened or something leads into it.
const opened = new Map();
function opening(box) {
  if (!opened.has(box)) {
    opened.set(box, unpack(logs[box.dataset.log]).then((text) => openLog(box, text)).catch((e) => {
      box.querySelector(".log-status").textContent = "This cannot be shown here: " + e.message;
    }));
  }
  return opened.get(box);
}
for (const details of document.querySelectorAll("details")) {
  const box = details.querySelector(".logbox");
  if (box) details.addEventListener("toggle", () => { if (details.open) opening(box); });
  // Escape folds it again; in a search field it first empties that.
  details.addEventListener("keydown", (e) => {
    if (e.key !== "Escape" || e.target.value) return;
    details.open = false;
    details.querySelector("summary").focus();
  });
}

// The address may lead to a command, to the failure in its log, or to a line: #command-3, #command-3-failure, #tracker-1-L20.
async function reveal() {
  const [, id, , to, line] = location.hash.match(/^#(\w+-\d+)(-(failure|L(\d+)))?$/) || [];
  const details = id && $(id);
  if (!details || details.tagName !== "DETAILS") return;
  details.open = true;
  details.scrollIntoView();
  const box = to && details.querySelector(".logbox");
  const log = box && await opening(box);
  if (!log) return;
  if (line) log.go(line - 1); else log.toFailure();
  log.view.scrollIntoView({ block: "nearest" });
  log.view.focus({ preventScroll: true });
}
addEventListener("hashchange", reveal);
// A second click on the same link leads there again.
addEventListener("click", (e) => { if (e.target.closest && e.target.closest("a")?.hash === location.hash) reveal(); });
reveal();
