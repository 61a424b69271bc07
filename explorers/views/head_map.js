const root = element.querySelector(".atelier-live");
root.classList.add("atelier-heads");
set(root, "data-picture", "heads");
set(root, "role", "group");
set(root, "aria-label", props.label || "Map of heads");

let buttons = [];
let measure = null;
let column = null; // of the measure, or of the same without the sinks
let selected = null;
let cellsKey = "";
const choose = make("select", { "aria-label": "Measure of heads" });
const masked = make("input", { type: "checkbox" });
const without = make("label", { class: "atelier-heads-without" }, masked, "without sinks");
const meaning = make("p", { class: "atelier-note" });
const grid = make("div", { class: "atelier-heads-grid", role: "group" });
const scale = make("div", { class: "atelier-heads-scale", "aria-hidden": "true" });
const readout = make("p", { class: "atelier-heads-readout" });
const table = twin(
  () => ["head", ...columns().map(([label]) => label), "remarks"],
  () => props.value.cells.map((cell) => [name(cell), ...columns().map(([, of]) => cell.values[of]), remarks(cell).join(", ")]),
);
root.append(make("div", { class: "atelier-heads-choice" }, choose, without), meaning, grid, scale, readout, table.node);

function columns() {
  return props.value.measures.flatMap((one) => [[one.label, one.name], ...(one.masked ? [[`${one.label}, without sinks`, one.masked]] : [])]);
}

function name(cell) {
  return `layer ${cell.layer}, head ${cell.head}`;
}

function colour(value) {
  const colours = props.value.colours;
  const share = Math.min(Math.max((value - measure.low) / (measure.high - measure.low), 0), 1);
  return colours[Math.round(share * (colours.length - 1))];
}

function remarks(cell) {
  return [cell.marked ? "has rules" : "", cell.constant ? "writes nearly the same everywhere" : ""].filter(Boolean);
}

function said(cell) {
  const label = measure.label.toLowerCase() + (column === measure.masked ? " without sinks" : "");
  return [`${name(cell)}: ${label} ${cell.values[column].toFixed(2)}`, ...remarks(cell)].join(", ");
}

function legend(...parts) {
  return make("span", { class: "atelier-heads-entry" }, ...parts);
}

// Colours end where most heads are told apart; the label says so where some lie beyond.
function drawScale() {
  const { cells, colours } = props.value;
  const values = cells.map((cell) => cell.values[column]);
  const low = Math.min(...values) < measure.low ? `≤ ${measure.low}` : String(measure.low);
  const high = Math.max(...values) > measure.high ? `≥ ${measure.high}` : String(measure.high);
  const ramp = make("span", { class: "atelier-heads-ramp", style: `background: linear-gradient(90deg, ${colours.map((one) => one[0]).join(", ")})` });
  const entries = [legend(low, ramp, high), legend(make("span", { class: "atelier-heads-key" }), "has rules")];
  if (cells.some((cell) => cell.constant)) entries.push(legend(make("span", { class: "atelier-heads-hatch" }), "nearly constant"));
  scale.replaceChildren(...entries);
}

function layOut() {
  const { cells } = props.value;
  const layers = [...new Set(cells.map((cell) => cell.layer))];
  const heads = [...new Set(cells.map((cell) => cell.head))];
  grid.style.setProperty("--heads", heads.length);
  grid.style.setProperty("--layers", layers.length);
  const corner = make("span", { class: "atelier-heads-corner", "aria-hidden": "true" }, "layer");
  const top = heads.map((head) => make("span", { class: "atelier-heads-label", "aria-hidden": "true" }, `H${head}`));
  buttons = cells.map((cell) => {
    const button = make("button", { type: "button" });
    button.addEventListener("click", () => {
      trigger("select", { layer: cell.layer, head: cell.head });
    });
    for (const sign of ["pointerenter", "focus"]) button.addEventListener(sign, () => write(readout, said(cell)));
    return button;
  });
  const rows = layers.flatMap((layer) => [
    make("span", { class: `atelier-heads-label${layer % 5 ? " atelier-heads-minor" : ""}`, "aria-hidden": "true" }, String(layer)),
    ...buttons.filter((_, index) => cells[index].layer === layer),
  ]);
  grid.replaceChildren(corner, ...top, ...rows);
  choose.replaceChildren(...props.value.measures.map((one) => make("option", { value: one.name }, one.label)));
}

function paint() {
  const { cells, measures } = props.value;
  measure = measures.find((one) => one.name === choose.value) || measures[0];
  column = measure.masked && masked.checked ? measure.masked : measure.name;
  without.hidden = !measure.masked;
  write(meaning, measure.meaning);
  const at = Math.max(cells.findIndex((cell) => selected && cell.layer === selected[0] && cell.head === selected[1]), 0);
  buttons.forEach((button, index) => {
    const cell = cells[index];
    const [fill, ink] = colour(cell.values[column]);
    button.style.setProperty("--fill", fill);
    button.style.setProperty("--ink", ink);
    button.classList.toggle("atelier-heads-marked", cell.marked);
    button.classList.toggle("atelier-heads-constant", cell.constant);
    set(button, "aria-label", said(cell));
    set(button, "aria-pressed", selected && index === at ? "true" : "false");
    button.tabIndex = index === at ? 0 : -1;
  });
  drawScale();
  if (selected) write(readout, said(cells[at]));
  table.refresh();
}

function draw() {
  const value = props.value;
  if (!value || !value.cells) return;
  const next = JSON.stringify([value.cells, value.measures]);
  if (next !== cellsKey) {
    layOut();
    cellsKey = next;
  }
  selected = value.selected;
  paint();
}

// Arrows move as the eye does: the style sheet lays layers across where there is room, and else down.
grid.addEventListener("keydown", (event) => {
  const at = buttons.indexOf(document.activeElement);
  const wide = Number(grid.style.getPropertyValue("--heads"));
  const [right, down] = getComputedStyle(grid).gridAutoFlow.startsWith("column") ? [wide, 1] : [1, wide];
  const steps = { ArrowRight: right, ArrowLeft: -right, ArrowDown: down, ArrowUp: -down };
  if (at < 0 || !(event.key in steps)) return;
  event.preventDefault();
  const next = buttons[at + steps[event.key]];
  if (!next) return;
  buttons.forEach((button) => (button.tabIndex = button === next ? 0 : -1));
  next.focus();
});
for (const control of [choose, masked]) control.addEventListener("change", paint);
draw();
watch("value", draw);
