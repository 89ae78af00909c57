"use strict";
// Text from outside reaches the page through textContent alone.
const $ = (id) => document.getElementById(id);

// The findings' filter.
const findings = [...document.querySelectorAll(".finding")];
const fields = ["severity", "rule", "packet"];
for (const name of ["rule", "packet"]) {
  for (const value of [...new Set(findings.map((f) => f.dataset[name]))].filter(Boolean).sort()) {
    $("filter-" + name).append(new Option(value, value));
  }
}
function filter() {
  let shown = 0;
  for (const f of findings) {
    f.hidden = !fields.every((name) => !$("filter-" + name).value || f.dataset[name] === $("filter-" + name).value);
    if (!f.hidden) shown++;
  }
  $("filter-count").textContent = shown + " of " + findings.length + " shown";
}
if (findings.length) {
  for (const name of fields) $("filter-" + name).addEventListener("change", filter);
  $("filters").addEventListener("reset", () => setTimeout(filter));
  $("filters").addEventListener("submit", (e) => e.preventDefault());
  filter();
}

// Logs are packed; one is unpacked when it is opened, and only the lines that
// are in view become elements.
const logs = JSON.parse($("logs").textContent) || {};
const rowHeight = 20;
const sgr = /\x1b\[([0-9;]*)m|\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b./g;
const longest = 4000; // characters of a line that are shown
const failure = /(^|\s)(--- FAIL|FAIL\b|FAILED|panic:|Error:|error TS\d+|✗|×)/;

async function unpack(packed) {
  const bytes = Uint8Array.from(atob(packed), (c) => c.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
}

function lineOf(text, number) {
  const row = document.createElement("span");
  row.className = "row";
  const n = document.createElement("span");
  n.className = "n";
  n.textContent = number;
  row.append(n);
  let at = 0, bold = false, color = "";
  const put = (s) => {
    if (!s) return;
    const span = document.createElement("span");
    span.className = ((bold ? "b " : "") + color).trim();
    span.textContent = s.replace(/[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]/g, "\ufffd");
    row.append(span);
  };
  for (const m of text.matchAll(sgr)) {
    put(text.slice(at, m.index));
    at = m.index + m[0].length;
    if (m[1] === undefined) continue;
    for (const code of (m[1] || "0").split(";").map(Number)) {
      if (code === 0) { bold = false; color = ""; }
      else if (code === 1) bold = true;
      else if (code === 22) bold = false;
      else if (code >= 30 && code <= 37) color = "c" + (code - 30);
      else if (code >= 90 && code <= 97) color = "c" + (code === 90 ? 8 : code - 90);
      else if (code === 39) color = "";
    }
  }
  put(text.slice(at));
  return row;
}

// openLog shows a text in its box, and gives what goes to a line of it.
function openLog(box, text) {
  const lines = text.replace(/\r\n/g, "\n").replace(/\n$/, "").split("\n").map((l) => l.slice(l.lastIndexOf("\r") + 1));
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
      const row = lineOf(cut ? lines[i].slice(0, longest) + " … (" + (lines[i].length - longest) + " more characters)" : lines[i], i + 1);
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
  // step goes to the next line that is wanted, or the one before, and says which of how many it is.
  function step(wanted, word, from, by) {
    const found = lines.map((_, i) => i).filter((i) => wanted(bare(i)));
    if (!found.length) { status.textContent = word + ": nothing found"; return; }
    let k = by > 0 ? found.findIndex((i) => i > from) : found.findLastIndex((i) => i < from);
    if (k < 0) k = by > 0 ? 0 : found.length - 1;
    go(found[k]);
    status.textContent += ", " + word + " " + (k + 1) + " of " + found.length;
  }
  view.addEventListener("scroll", () => requestAnimationFrame(() => draw(false)), { passive: true });
  const search = box.querySelector("input"), form = box.querySelector("form");
  const next = (by) => { const word = search.value.toLowerCase(); if (word) step((l) => l.toLowerCase().includes(word), "match", hit, by); };
  form.addEventListener("submit", (e) => e.preventDefault());
  search.addEventListener("keydown", (e) => { if (e.key === "Enter") { e.preventDefault(); next(e.shiftKey ? -1 : 1); } });
  box.querySelector(".next").addEventListener("click", () => next(1));
  const toFailure = () => step((l) => failure.test(l), "failure", -1, 1);
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
for (const details of document.querySelectorAll("details.command")) {
  const box = details.querySelector(".logbox");
  if (box) details.addEventListener("toggle", () => { if (details.open) opening(box); });
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
  log.view.focus({ preventScroll: true });
}
addEventListener("hashchange", reveal);
// A second click on the same link leads there again.
addEventListener("click", (e) => { if (e.target.closest && e.target.closest("a")?.hash === location.hash) reveal(); });
reveal();
