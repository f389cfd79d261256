"use strict";

const HUES = [217, 20, 145, 280, 45, 335, 180, 95, 250, 0];
const MINUTE = 60_000;
const hues = new Map();
// The leases that the timeline shows, by name.
const spans = new Map();

const at = (id) => document.getElementById(id);

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function drawn(name, attributes, text) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

function colour(plugin) {
  if (!hues.has(plugin)) hues.set(plugin, HUES[hues.size % HUES.length]);
  return `hsl(${hues.get(plugin)} 65% 52%)`;
}

function millis(ms) {
  if (ms === null || ms === undefined) return "–";
  if (ms < 1) return `${Math.round(ms * 1000)} µs`;
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 120_000) return `${(ms / 1000).toFixed(1)} s`;
  return `${Math.round(ms / 60_000)} min`;
}

const rate = (number) => (number < 10 ? number.toFixed(1) : Math.round(number).toLocaleString("en"));

function table(id, heads, rows, none) {
  const target = at(id);
  if (rows.length === 0) {
    const row = element("tr");
    row.append(element("td", "none", none));
    target.replaceChildren(row);
    return;
  }
  const head = element("tr");
  for (const [name, kind] of heads) head.append(element("th", kind, name));
  const body = rows.map((cells) => {
    const row = element("tr");
    cells.forEach((cell, index) => {
      const [text, extra] = Array.isArray(cell) ? cell : [cell, ""];
      row.append(element("td", `${heads[index][1]} ${extra}`.trim(), text));
    });
    return row;
  });
  target.replaceChildren(head, ...body);
}

// The connections by what they are doing, and what that means.
function connections(pool) {
  const cells = [];
  const legend = [];
  for (const state of ["leased", "resetting", "closing", "connecting", "control", "free"]) {
    const count = pool.backends[state];
    for (let index = 0; index < count; index++) cells.push(element("i", state));
    if (count > 0) {
      const entry = element("span");
      entry.append(element("i", state), `${count} ${state}`);
      legend.push(entry);
    }
  }
  while (cells.length < pool.max_connections) cells.push(element("i"));
  legend.push(element("span", "", `at most ${pool.max_connections}, ${pool.peak} at peak, ${pool.waiting} waiting`));
  return [cells, legend];
}

function showPool(view) {
  at("host").textContent = `${view.version}, ${view.database}, at ${view.endpoint}`;
  at("verdict").textContent = view.pool.summary;
  // Where there are several databases each has a strip of its own.
  const [cells, legend] = view.databases.length === 0 ? connections(view.pool) : [[], []];
  at("pool").replaceChildren(...cells);
  at("pool-legend").replaceChildren(...legend);
  at("databases").replaceChildren(...view.databases.flatMap((database) => {
    const [cells, legend] = connections(database.pool);
    const [strip, told] = [element("div", "pool"), element("p", "legend")];
    strip.setAttribute("role", "img");
    strip.setAttribute("aria-label", `connections to ${database.name} by what they are doing`);
    strip.append(...cells);
    told.append(...legend);
    return [element("h3", "", `${database.name}, ${database.kind}`), strip, told];
  }));
}

// Whose a statement is, and where there are several databases in which it runs.
const whose = (row) => (row.database ? `${row.plugin} in ${row.database}` : row.plugin);

function showPlugins(view) {
  const heads = [
    ["plugin", ""], ["state", ""], ["sessions", "number"], ["leases", "number"], ["queue", "number"],
    ["calls/s", "number"], ["rows/s", "number"], ["wait p50", "number"], ["p99", "number"],
    ["run p50", "number"], ["p99", "number"], ["errors", "number"], ["restarts", "number"], ["problem", ""],
  ];
  const rows = view.plugins.map((plugin) => {
    const pace = plugin.pace;
    const well = !["restarting", "gave up"].includes(plugin.state);
    return [
      plugin.name, [plugin.state, well ? "" : "bad"], plugin.sessions, plugin.leased, plugin.waiting,
      rate(pace.calls), rate(pace.rows), millis(pace.wait.p50), millis(pace.wait.p99),
      millis(pace.execution.p50), millis(pace.execution.p99),
      [pace.errors, pace.errors > 0 ? "bad" : ""], plugin.restarts, plugin.problem ?? "",
    ];
  });
  table("plugins", heads, rows, "none");
}

function showStatements(view) {
  const heads = [["plugin", ""], ["waits", "number"], ["statement", "text"]];
  const waits = view.waits.map((wait) => [whose(wait), millis(wait.waited_ms), wait.text]);
  table("waits", heads, waits, "nobody");
  const running = view.running.map((run) => [whose(run), millis(run.running_ms), run.text]);
  table("running", [["plugin", ""], ["for", "number"], ["statement", "text"]], running, "nothing");
  const slow = view.slowest.map((slow) => [whose(slow), millis(slow.took_ms), `${millis(slow.ago_ms)} ago`, slow.text]);
  table("slowest", [["plugin", ""], ["took", "number"], ["", "number"], ["statement", "text"]], slow, "none over 1 ms");
}

// Of a name like lease-7.12 the first number.
const backend = (lease) => Number(lease.id.slice("lease-".length).split(".")[0]);

function remember(view) {
  const now = view.now_ms;
  for (const lease of view.leases) {
    spans.set(lease.id, { ...lease, backend: backend(lease), from: now - lease.held_ms, to: now });
  }
  for (const lease of view.ended) {
    const to = now - lease.ago_ms;
    spans.set(lease.id, { ...lease, backend: backend(lease), from: to - lease.held_ms, to });
  }
  for (const [key, span] of spans) if (span.to < now - MINUTE) spans.delete(key);
}

function showTimeline(view) {
  remember(view);
  const now = view.now_ms;
  const backends = [...new Set([...spans.values()].map((span) => span.backend))].sort((a, b) => a - b);
  const [width, lane, left] = [1000, 18, 40];
  const scale = (time) => left + ((time - now + MINUTE) / MINUTE) * (width - left);
  const height = Math.max(backends.length, 1) * lane + 18;
  const svg = drawn("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": "leases over time" });
  for (let second = 0; second <= 60; second += 10) {
    const x = scale(now - second * 1000);
    svg.append(drawn("line", { x1: x, x2: x, y1: 0, y2: height - 16 }));
    const anchor = second === 0 ? "end" : "middle";
    svg.append(drawn("text", { x, y: height - 3, "text-anchor": anchor }, second === 0 ? "now" : `-${second} s`));
  }
  backends.forEach((number, index) => svg.append(drawn("text", { x: 0, y: index * lane + 12 }, `#${number}`)));
  for (const span of spans.values()) {
    const x = Math.max(scale(span.from), left);
    const bar = drawn("rect", {
      x, y: backends.indexOf(span.backend) * lane + 2, width: Math.max(scale(span.to) - x, 1.5), height: lane - 5,
      rx: 2, fill: colour(span.plugin), opacity: span.purpose === "statement" ? 0.65 : 1,
    });
    bar.append(drawn("title", {}, `${whose(span)}: ${span.purpose} for ${millis(span.to - span.from)}`));
    svg.append(bar);
  }
  at("timeline").replaceChildren(svg);
  const plugins = [...new Set([...spans.values()].map((span) => span.plugin))].sort();
  at("timeline-legend").replaceChildren(...plugins.map((plugin) => {
    const entry = element("span");
    const mark = element("i");
    mark.style.background = colour(plugin);
    entry.append(mark, plugin);
    return entry;
  }));
}

const events = new EventSource("/events");
events.onopen = () => { at("link").className = ""; at("link").textContent = "live"; };
events.onerror = () => { at("link").className = "lost"; at("link").textContent = "the host does not answer"; };
events.onmessage = (event) => {
  const view = JSON.parse(event.data);
  // In this order the plugins have their colours.
  view.plugins.forEach((plugin) => colour(plugin.name));
  showPool(view);
  showPlugins(view);
  showStatements(view);
  showTimeline(view);
  document.body.dataset.shown = view.now_ms;
};
