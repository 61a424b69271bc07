const root = element.querySelector(".atelier-live");
root.classList.add("atelier-scatter");

const MARGIN = { left: 56, right: 16, top: 32, bottom: 48 };
const REACH = 14;
const legend = make("div", { class: "atelier-scatter-legend", role: "group", "aria-label": "Series shown" });
const base = make("canvas", { "aria-hidden": "true" });
const over = make("canvas", { tabindex: 0, role: "application", "aria-roledescription": "scatter plot" });
const tip = make("div", { class: "atelier-scatter-tip", hidden: true });
const plot = make("div", { class: "atelier-scatter-plot" }, base, over, tip);
const hint = make("p", { class: "atelier-scatter-hint" }, "Click a point to open it. Drag around points, or shift-click, to select; Esc clears. Arrow keys move, Enter opens.");
const live = make("div", { class: "atelier-hidden", "aria-live": "polite" });
const table = twin(
  () => ["point", "series", data.x.title, data.y.title, "note"],
  () => data.points.map((p) => [p.label, data.series[p.series].name, precise(p.x), precise(p.y), p.note]),
);
root.replaceChildren(legend, plot, hint, live, table.node);

let data = null;
let size = { width: 0, height: 0 };
let colours = {};
let selected = new Set();
const hidden = new Set();
let active = null; // the point under the pointer or the keyboard
let drag = null; // the lasso being drawn, as a list of [x, y] in px

function precise(value) {
  return Number(value.toPrecision(3)).toString().replace("-", "−");
}

function read(value) {
  const points = value.points.map(([id, x, y, label, series, marker, emphasised, note]) => ({ id, x, y, label, series, marker: marker ?? value.series[series].marker, emphasised, note }));
  return { ...value, points };
}

function across(x) {
  return MARGIN.left + ((x - data.x.low) / (data.x.high - data.x.low)) * (size.width - MARGIN.left - MARGIN.right);
}

function down(y) {
  return size.height - MARGIN.bottom - ((y - data.y.low) / (data.y.high - data.y.low)) * (size.height - MARGIN.top - MARGIN.bottom);
}

function visible() {
  return data.points.filter((point) => !hidden.has(data.series[point.series].name));
}

// A canvas cannot use CSS variables: their values are read each time the theme may have changed.
function readColours() {
  const style = getComputedStyle(root);
  const get = (name) => style.getPropertyValue(`--atelier-${name}`).trim();
  colours = { ink: get("ink"), muted: get("muted"), line: get("line"), edge: get("edge"), accent: get("accent"), surface: get("paper"), font: style.fontFamily };
  colours.series = data.series.map((one) => get(one.colour));
}

function fit(canvas) {
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round(size.width * ratio);
  canvas.height = Math.round(size.height * ratio);
  canvas.style.width = `${size.width}px`;
  canvas.style.height = `${size.height}px`;
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.font = `12px ${colours.font}`;
  return pen;
}

function stroke(pen, points, closed = false) {
  pen.beginPath();
  points.forEach(([x, y], index) => (index ? pen.lineTo(x, y) : pen.moveTo(x, y)));
  if (closed) pen.closePath();
}

const SHAPES = {
  circle: (pen, x, y, r) => pen.arc(x, y, r, 0, 7),
  ring: (pen, x, y, r) => pen.arc(x, y, r, 0, 7),
  square: (pen, x, y, r) => pen.rect(x - r, y - r, 2 * r, 2 * r),
  diamond: (pen, x, y, r) => polygon(pen, [[x, y - r * 1.3], [x + r * 1.3, y], [x, y + r * 1.3], [x - r * 1.3, y]]),
  triangle: (pen, x, y, r) => polygon(pen, [[x, y - r * 1.2], [x + r * 1.2, y + r], [x - r * 1.2, y + r]]),
  down: (pen, x, y, r) => polygon(pen, [[x, y + r * 1.2], [x + r * 1.2, y - r], [x - r * 1.2, y - r]]),
  cross: (pen, x, y, r) => lines(pen, [[x - r, y - r, x + r, y + r], [x - r, y + r, x + r, y - r]]),
  plus: (pen, x, y, r) => lines(pen, [[x - r, y, x + r, y], [x, y - r, x, y + r]]),
};
const FILLED = new Set(["circle", "square", "diamond"]);

function polygon(pen, points) {
  points.forEach(([x, y], index) => (index ? pen.lineTo(x, y) : pen.moveTo(x, y)));
  pen.closePath();
}

function lines(pen, list) {
  for (const [x1, y1, x2, y2] of list) {
    pen.moveTo(x1, y1);
    pen.lineTo(x2, y2);
  }
}

function mark(pen, shape, x, y, radius, colour) {
  pen.beginPath();
  SHAPES[shape](pen, x, y, radius);
  pen.fillStyle = pen.strokeStyle = colour;
  pen.lineWidth = 1.6;
  if (FILLED.has(shape)) pen.fill();
  else pen.stroke();
}

function drawAxes(pen) {
  pen.lineWidth = 1;
  pen.textAlign = "right";
  for (const [value, label] of data.y.ticks) {
    const y = Math.round(down(value)) + 0.5;
    pen.strokeStyle = colours.line;
    stroke(pen, [[MARGIN.left, y], [size.width - MARGIN.right, y]]);
    pen.stroke();
    pen.fillStyle = colours.muted;
    pen.fillText(label, MARGIN.left - 8, y + 4);
  }
  const floor = Math.round(size.height - MARGIN.bottom) + 0.5;
  pen.strokeStyle = colours.edge;
  stroke(pen, [[MARGIN.left, floor], [size.width - MARGIN.right, floor]]);
  pen.stroke();
  pen.textAlign = "center";
  for (const [value, label] of data.x.ticks) pen.fillText(label, across(value), floor + 18);
  pen.fillText(data.x.title, (MARGIN.left + size.width - MARGIN.right) / 2, floor + 38);
  pen.textAlign = "left";
  pen.fillText(data.y.title, 0, 12);
}

function drawLines(pen) {
  pen.fillStyle = colours.muted;
  pen.textAlign = "right";
  for (const one of data.references) {
    const ends = one.y === null
      ? [[across(one.x), MARGIN.top], [across(one.x), size.height - MARGIN.bottom]]
      : [[MARGIN.left, down(one.y)], [size.width - MARGIN.right, down(one.y)]];
    pen.strokeStyle = colours.muted;
    pen.setLineDash([3, 3]);
    stroke(pen, ends);
    pen.stroke();
    pen.setLineDash([]);
    if (one.y === null) pen.fillText(one.name, ends[0][0] - 6, MARGIN.top + 12);
    else pen.fillText(one.name, ends[1][0], ends[1][1] - 6);
  }
  pen.globalAlpha = 0.6;
  pen.strokeStyle = colours.ink;
  pen.lineWidth = 1.5;
  for (const front of data.fronts) {
    stroke(pen, front.points.map(([x, y]) => [across(x), down(y)]));
    pen.stroke();
  }
  pen.globalAlpha = 1;
}

function drawPoints(pen) {
  const shown = visible();
  for (const point of [...shown.filter((p) => !p.emphasised), ...shown.filter((p) => p.emphasised)]) {
    const x = across(point.x);
    const y = down(point.y);
    pen.globalAlpha = selected.size && !selected.has(point.id) ? 0.2 : 1;
    mark(pen, point.marker, x, y, point.emphasised ? 5 : 3.5, colours.series[point.series]);
    if (point.emphasised) mark(pen, "ring", x, y, 9, colours.ink);
  }
  pen.globalAlpha = 1;
}

function drawOver() {
  const pen = over.getContext("2d");
  pen.clearRect(0, 0, size.width, size.height);
  if (active) {
    mark(pen, active.marker, across(active.x), down(active.y), 5, colours.series[active.series]);
    mark(pen, "ring", across(active.x), down(active.y), 9, colours.accent);
  }
  if (!drag || drag.length < 2) return;
  stroke(pen, drag, true);
  pen.fillStyle = pen.strokeStyle = colours.accent;
  pen.globalAlpha = 0.12;
  pen.fill();
  pen.globalAlpha = 1;
  pen.lineWidth = 1.5;
  pen.stroke();
}

function drawAll() {
  if (!data) return;
  const width = plot.clientWidth;
  if (!width) return; // in a hidden tab; the observer calls again
  size = { width, height: Math.round(Math.min(Math.max(width * 0.6, 288), 448)) };
  plot.style.height = `${size.height}px`;
  readColours();
  const pen = fit(base);
  drawAxes(pen);
  drawLines(pen);
  drawPoints(pen);
  fit(over);
  drawOver();
}

function drawLegend() {
  const buttons = data.series.map((one) => {
    const swatch = make("canvas", { "aria-hidden": "true" });
    const button = make("button", { type: "button", "aria-pressed": hidden.has(one.name) ? "false" : "true" }, swatch, make("span", { dir: "auto" }, one.name));
    button.addEventListener("click", () => {
      if (!hidden.delete(one.name)) hidden.add(one.name);
      set(button, "aria-pressed", hidden.has(one.name) ? "false" : "true");
      show(null);
      drawAll();
    });
    return { button, swatch, one };
  });
  const fronts = data.fronts.map((front) => make("span", { class: "atelier-scatter-front" }, make("i", { "aria-hidden": "true" }), front.name));
  legend.replaceChildren(...buttons.map(({ button }) => button), ...fronts);
  legend.swatches = buttons;
}

function drawSwatches() {
  const ratio = window.devicePixelRatio || 1;
  legend.swatches.forEach(({ swatch, one }, index) => {
    swatch.width = swatch.height = 16 * ratio;
    const pen = swatch.getContext("2d");
    pen.scale(ratio, ratio);
    mark(pen, one.marker, 8, 8, 4, colours.series[index]);
  });
}

function redraw() {
  drawAll();
  if (data && size.width) drawSwatches();
}

function nearest(x, y) {
  let found = null;
  let least = REACH * REACH;
  for (const point of visible()) {
    const distance = (across(point.x) - x) ** 2 + (down(point.y) - y) ** 2;
    if (distance < least) [found, least] = [point, distance];
  }
  return found;
}

function describe(point) {
  return `${point.label}, ${data.series[point.series].name}, ${data.x.title} ${precise(point.x)}, ${data.y.title} ${precise(point.y)}${point.note ? `, ${point.note}` : ""}`;
}

function show(point) {
  active = point;
  tip.hidden = !point;
  drawOver();
  over.style.cursor = point ? "pointer" : "crosshair";
  if (!point) return;
  const rows = [make("strong", { dir: "auto" }, point.label), `${data.series[point.series].name}`, `${data.x.title} ${precise(point.x)}`, `${data.y.title} ${precise(point.y)}`];
  if (point.note) rows.push(point.note);
  tip.replaceChildren(...rows.map((row) => make("div", { dir: "auto" }, row)));
  const x = across(point.x);
  const left = x + 16 + tip.offsetWidth > size.width ? x - 16 - tip.offsetWidth : x + 16;
  tip.style.left = `${Math.max(left, 0)}px`;
  tip.style.top = `${Math.min(Math.max(down(point.y) - 16, 0), size.height - tip.offsetHeight)}px`;
}

function inside([x, y], polygonPoints) {
  let odd = false;
  for (let i = 0, j = polygonPoints.length - 1; i < polygonPoints.length; j = i++) {
    const [xi, yi] = polygonPoints[i];
    const [xj, yj] = polygonPoints[j];
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) odd = !odd;
  }
  return odd;
}

function choose(ids) {
  selected = new Set(ids);
  drawAll();
  write(live, ids.length ? `${ids.length} points selected` : "Selection cleared");
  trigger("lasso", { ids });
}

function toggle(point) {
  const ids = new Set(selected);
  if (!ids.delete(point.id)) ids.add(point.id);
  choose([...ids]);
}

function open(point, extend) {
  if (extend) toggle(point);
  else trigger("select", { id: point.id });
}

// The next point in an arrow's direction: near along it, and not far beside it.
function step(key) {
  const points = visible();
  if (!points.length) return null;
  if (!active || !points.includes(active)) return points[0];
  const [dx, dy] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key];
  let found = active;
  let least = Infinity;
  for (const point of points) {
    const x = across(point.x) - across(active.x);
    const y = down(point.y) - down(active.y);
    const along = x * dx + y * dy;
    const cost = along + 2.5 * Math.abs(x * dy + y * dx);
    if (point !== active && along > 0.01 && cost < least) [found, least] = [point, cost];
  }
  return found;
}

function place(event) {
  const box = over.getBoundingClientRect();
  return [event.clientX - box.left, event.clientY - box.top];
}

over.addEventListener("pointerdown", (event) => {
  if (event.button) return;
  drag = [place(event)];
  over.setPointerCapture(event.pointerId);
});
over.addEventListener("pointermove", (event) => {
  if (!data) return;
  if (!drag) return show(nearest(...place(event)));
  drag.push(place(event));
  if (drag.length > 3) show(null);
});
over.addEventListener("pointerup", (event) => {
  const trail = drag;
  drag = null;
  if (!trail || !data) return;
  const [x, y] = place(event);
  const moved = Math.max(...trail.map(([a, b]) => Math.hypot(a - trail[0][0], b - trail[0][1])));
  if (moved > 6) choose(visible().filter((p) => inside([across(p.x), down(p.y)], trail)).map((p) => p.id));
  else if (nearest(x, y)) open(nearest(x, y), event.shiftKey);
  drawOver();
});
over.addEventListener("pointercancel", () => {
  drag = null;
  drawOver();
});
over.addEventListener("pointerleave", () => drag || show(null));
over.addEventListener("blur", () => show(null));
over.addEventListener("keydown", (event) => {
  if (!data) return;
  if (event.key.startsWith("Arrow")) {
    show(step(event.key));
    if (active) write(live, describe(active));
  } else if (event.key === "Enter" && active) open(active, event.shiftKey);
  else if (event.key === "Escape") choose([]);
  else return;
  event.preventDefault();
});

function load() {
  active = null;
  tip.hidden = true;
  root.hidden = !props.value;
  if (!props.value) return (data = null);
  data = read(props.value);
  selected = new Set(data.selected);
  set(over, "aria-label", `${props.label}: ${data.points.length} points, ${data.y.title} over ${data.x.title}. Arrow keys move, Enter opens.`);
  drawLegend();
  redraw();
  table.refresh();
}

const resized = new ResizeObserver(() => redraw());
const themed = new MutationObserver(() => {
  if (!root.isConnected) return themed.disconnect();
  redraw();
});
resized.observe(plot);
themed.observe(document.body, { attributes: true, attributeFilter: ["class"] });
load();
watch("value", load);
