const root = element.querySelector(".atelier-live");
root.classList.add("atelier-heads");
set(root, "data-picture", "heads");
set(root, "role", "group");
set(root, "aria-label", props.label || "Map of heads");

let buttons = [];
let measure = null;
let selected = null;
let cellsKey = "";
const choose = make("select", { "aria-label": "Measure of heads" });
const meaning = make("p", { class: "atelier-note" });
const grid = make("div", { class: "atelier-heads-grid", role: "group" });
const scale = make("div", { class: "atelier-heads-scale", "aria-hidden": "true" });
const readout = make("p", { class: "atelier-heads-readout" });
const table = twin(
  () => ["head", ...props.value.measures.map((one) => one.label)],
  () => props.value.cells.map((cell) => [name(cell), ...props.value.measures.map((one) => cell.values[one.name])]),
);
root.append(choose, meaning, grid, scale, readout, table.node);

function name(cell) {
  return `layer ${cell.layer}, head ${cell.head}`;
}

function colour(value) {
  const colours = props.value.colours;
  const share = Math.min(Math.max((value - measure.low) / (measure.high - measure.low), 0), 1);
  return colours[Math.round(share * (colours.length - 1))];
}

function said(cell) {
  return `${name(cell)}: ${measure.label.toLowerCase()} ${cell.values[measure.name].toFixed(2)}${cell.marked ? ", has rules" : ""}`;
}

function layOut() {
  const { cells } = props.value;
  const layers = [...new Set(cells.map((cell) => cell.layer))];
  const heads = [...new Set(cells.map((cell) => cell.head))];
  grid.style.setProperty("--heads", heads.length);
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
    make("span", { class: "atelier-heads-label", "aria-hidden": "true" }, String(layer)),
    ...buttons.filter((_, index) => cells[index].layer === layer),
  ]);
  grid.replaceChildren(corner, ...top, ...rows);
  choose.replaceChildren(...props.value.measures.map((one) => make("option", { value: one.name }, one.label)));
}

function paint() {
  const { cells, measures, colours } = props.value;
  measure = measures.find((one) => one.name === choose.value) || measures[0];
  write(meaning, measure.meaning);
  const at = Math.max(cells.findIndex((cell) => selected && cell.layer === selected[0] && cell.head === selected[1]), 0);
  buttons.forEach((button, index) => {
    const cell = cells[index];
    const [fill, ink] = colour(cell.values[measure.name]);
    button.style.setProperty("--fill", fill);
    button.style.setProperty("--ink", ink);
    button.classList.toggle("atelier-heads-marked", cell.marked);
    set(button, "aria-label", said(cell));
    set(button, "aria-pressed", selected && index === at ? "true" : "false");
    button.tabIndex = index === at ? 0 : -1;
  });
  const ramp = make("span", { class: "atelier-heads-ramp", style: `background: linear-gradient(90deg, ${colours.map((one) => one[0]).join(", ")})` });
  scale.replaceChildren(String(measure.low), ramp, String(measure.high), make("span", { class: "atelier-heads-key" }), "has rules");
  if (selected) write(readout, said(cells[at]));
  table.refresh();
}

function draw() {
  const value = props.value;
  if (!value || !value.cells) return;
  const next = JSON.stringify([value.cells, value.measures]);
  if (next !== cellsKey) {
    layOut();
    choose.value = value.shown;
    cellsKey = next;
  }
  selected = value.selected;
  paint();
}

// Arrows move as the eye does: up and down by a layer, left and right by a head.
grid.addEventListener("keydown", (event) => {
  const at = buttons.indexOf(document.activeElement);
  const wide = Number(grid.style.getPropertyValue("--heads"));
  const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: wide, ArrowUp: -wide };
  if (at < 0 || !(event.key in steps)) return;
  event.preventDefault();
  const next = buttons[at + steps[event.key]];
  if (!next) return;
  buttons.forEach((button) => (button.tabIndex = button === next ? 0 : -1));
  next.focus();
});
choose.addEventListener("change", paint);
draw();
watch("value", draw);
