// Draws the numbers: tiles, lines over the last minute, the events and the traces.

import { byId, element } from "/shared/page.js";

/** How many seconds the lines show. */
const SECONDS = 60;

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 300;
const HEIGHT = 90;

/** Of each second: the numbers, and those that grow as rates. */
const history = [];
let last;

const number = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

export function bytes(count) {
  const units = ["B", "kB", "MB", "GB"];
  const power = Math.min(Math.floor(Math.log10(Math.max(count, 1)) / 3), units.length - 1);
  return `${number.format(count / 1000 ** power)} ${units[power]}`;
}

export function drawAll(numbers) {
  // After a restart they begin at zero.
  const isSame = last !== undefined && last.uptime_seconds <= numbers.uptime_seconds;
  const rate = (name) => (isSame ? Math.max(numbers[name] - last[name], 0) : 0);
  const now = {
    ...numbers,
    events_rate: rate("events"),
    failed_rate: rate("failed"),
    received_rate: rate("received_bytes"),
    sent_rate: rate("sent_bytes"),
  };
  last = numbers;
  history.push(now);
  history.splice(0, history.length - SECONDS);

  drawTiles(now);
  const isOffered = history.some(({ webtransport }) => webtransport > 0);
  const webtransport = isOffered ? [["three", "webtransport"]] : [];
  drawLines("chart-sessions", [["one", "websocket"], ["two", "polling"], ...webtransport], number.format);
  byId("legend-webtransport").hidden = !isOffered;
  drawLines("chart-events", [["one", "events_rate"], ["bad", "failed_rate"]], number.format);
  drawLines("chart-bytes", [["one", "sent_rate"], ["two", "received_rate"]], bytes);
  drawHandlers(numbers.handlers);
  drawSpans(numbers.spans);
  byId("draining").hidden = numbers.is_ready;
  byId("ready").textContent = numbers.is_ready ? "yes" : "no, it is stopping";
  byId("uptime").textContent = duration(numbers.uptime_seconds);
}

function duration(seconds) {
  const parts = [["d", 86_400], ["h", 3600], ["min", 60], ["s", 1]];
  const first = Math.max(parts.findIndex(([, size]) => seconds >= size), 0);
  const [one, two] = [parts[seconds === 0 ? 3 : first], parts[first + 1]];
  const text = `${Math.floor(seconds / one[1])} ${one[0]}`;
  return two && seconds > 0 ? `${text} ${Math.floor((seconds % one[1]) / two[1])} ${two[0]}` : text;
}

// ---- tiles ----

function drawTiles(now) {
  const tile = (name, text, value, isBad = false) =>
    element("li", { id: `tile-${name}`, "data-bad": isBad }, element("strong", {}, value), text);
  byId("tiles").replaceChildren(
    tile("sessions", "sessions", number.format(now.websocket + now.polling + now.webtransport)),
    tile("sockets", "sockets", number.format(now.sockets)),
    tile("rooms", "rooms", number.format(now.rooms)),
    tile("events", "events", number.format(now.events)),
    tile("failed", "failed", number.format(now.failed), now.failed > 0),
    tile("refused", "refused", number.format(now.refused), now.refused > 0),
    tile("queued", "queued", bytes(now.queued_bytes)),
  );
}

// ---- lines ----

function svg(name, attributes) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) {
    node.setAttribute(key, value);
  }
  return node;
}

/** The chart of a card, made at the first time. */
function chartOf(card) {
  return card.querySelector("svg") ?? card.appendChild(svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img" }));
}

function drawLines(id, lines, format) {
  const card = byId(id);
  const chart = chartOf(card);
  const most = Math.max(1, ...lines.flatMap(([, name]) => history.map((second) => second[name])));
  const x = (index) => WIDTH - ((history.length - 1 - index) * WIDTH) / (SECONDS - 1);
  const y = (value) => HEIGHT - 2 - (value / most) * (HEIGHT - 8);
  const nodes = lines.flatMap(([line, name]) => {
    const points = history.map((second, index) => `${x(index).toFixed(1)},${y(second[name]).toFixed(1)}`);
    const area = `${x(0).toFixed(1)},${HEIGHT} ${points.join(" ")} ${WIDTH},${HEIGHT}`;
    return [
      svg("polygon", { points: area, "data-line": line }),
      svg("polyline", { points: points.join(" "), "data-line": line, "vector-effect": "non-scaling-stroke" }),
    ];
  });
  chart.replaceChildren(...nodes);
  chart.setAttribute("aria-label", `${lines.map(([, name]) => format(history.at(-1)[name])).join(" and ")} now, at most ${format(most)}`);
  let scale = card.querySelector(".scale");
  if (!scale) {
    scale = card.querySelector("h2").appendChild(element("span", { class: "scale" }));
  }
  scale.textContent = `up to ${format(most)}`;
}

// ---- the table ----

const milliseconds = (value) => (value === null ? "30 s" : value >= 1000 ? `${number.format(value / 1000)} s` : `${number.format(value)} ms`);

function drawHandlers(handlers) {
  const rows = handlers.map(({ namespace, event, count, failed, mean_ms, slowest_ms }) =>
    element(
      "tr",
      {},
      element("th", { scope: "row" }, element("span", { class: "namespace" }, `${namespace} `), event),
      element("td", {}, number.format(count)),
      element("td", { "data-bad": failed > 0 }, number.format(failed)),
      element("td", {}, milliseconds(mean_ms)),
      element("td", {}, milliseconds(slowest_ms)),
    ),
  );
  byId("handlers").replaceChildren(...rows);
}

// ---- traces ----

/** How many traces are shown. */
const TRACES = 4;

/** The spans of each trace, the newest trace first, each span below its parent. */
function drawSpans(spans) {
  const traces = Map.groupBy(spans, ({ trace }) => trace);
  const newest = [...traces.values()].reverse().slice(0, TRACES);
  byId("no-spans").hidden = newest.length > 0;
  byId("spans").replaceChildren(...newest.flatMap(rowsOf));
}

function rowsOf(spans) {
  const first = Math.min(...spans.map(({ began_ms }) => began_ms));
  const all = Math.max(...spans.map(({ began_ms, took_ms }) => began_ms + took_ms)) - first;
  const share = (value) => `${((value / Math.max(all, 0.001)) * 100).toFixed(2)}%`;
  const isInner = ({ parent }) => spans.some(({ span }) => span === parent);
  return spans
    .toSorted((one, other) => isInner(one) - isInner(other) || one.began_ms - other.began_ms)
    .map((span) => {
      const bar = element("span", { class: "bar-of-span", "data-bad": span.has_failed });
      bar.style.setProperty("--from", share(span.began_ms - first));
      bar.style.setProperty("--long", share(span.took_ms));
      const name = element("span", { class: "name-of-span" }, span.name);
      const lane = element("span", { class: "lane", "aria-hidden": "true" }, bar);
      return element("li", { "data-inner": isInner(span) }, name, lane, element("span", { class: "took" }, milliseconds(span.took_ms)));
    });
}
