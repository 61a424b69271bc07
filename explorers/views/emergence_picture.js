// One picture with its regions outlined by what they are, and the thumbnails to choose another from.

const WORDS = ["no knowledge point", "unreliable", "reliable"];
const SIGNS = ["", "△", "●"];

function thumbnail(state, image, size) {
  const { columns, side, sheet, labels } = state.data;
  const rows = Math.ceil(labels.length / columns);
  const scale = size / side;
  const at = `-${(image % columns) * size}px -${Math.floor(image / columns) * size}px`;
  const node = make("span", { class: "atelier-emergence-thumb" });
  node.style.cssText = `width:${size}px;height:${size}px;background-image:url(${sheet});background-size:${columns * side * scale}px ${rows * side * scale}px;background-position:${at}`;
  return node;
}

function regionPicture(state, on) {
  const image = make("img", { alt: "" });
  const grid = make("div", { class: "atelier-emergence-grid", role: "group" });
  const frame = make("div", { class: "atelier-emergence-frame" }, image, grid);
  const said = make("p", { class: "atelier-emergence-said" });
  const chooser = make("select", { "aria-label": "Class of the pictures to choose from" });
  const list = make("div", { class: "atelier-emergence-list", role: "group", "aria-label": "Pictures" });
  const node = make("section", { class: "atelier-emergence-picture", "aria-label": "One picture and its regions" }, frame, said, chooser, list);
  let cells = [];
  let thumbs = [];

  rove(grid, () => cells, (cell) => on.hover(cells.indexOf(cell)));
  rove(list, () => thumbs);
  chooser.addEventListener("change", () => fill(Number(chooser.value)));

  function build() {
    chooser.replaceChildren(...state.data.classes.map((name, c) => make("option", { value: c }, name)));
    const count = state.data.grid ** 2;
    grid.style.gridTemplateColumns = `repeat(${state.data.grid}, 1fr)`;
    cells = Array.from({ length: count }, (_, r) => {
      const cell = make("button", { type: "button", tabindex: r ? -1 : 0 }, "");
      cell.addEventListener("click", () => on.region(r));
      return cell;
    });
    grid.replaceChildren(...cells);
  }

  function fill(category) {
    chooser.value = String(category);
    const own = state.data.labels.flatMap((label, i) => (label === category ? [i] : []));
    thumbs = own.map((i, k) => {
      const name = `${state.data.classes[category]} ${k + 1}`;
      const button = make("button", { type: "button", "aria-label": name, title: name, "data-image": i, tabindex: -1 }, thumbnail(state, i, 40));
      button.addEventListener("click", () => on.image(i));
      return button;
    });
    list.replaceChildren(...thumbs);
    mark();
  }

  function mark() {
    const own = thumbs.findIndex((button) => state.picked && Number(button.dataset.image) === state.picked.image);
    thumbs.forEach((button, k) => {
      set(button, "aria-pressed", k === own ? "true" : "false");
      button.tabIndex = k === Math.max(own, 0) ? 0 : -1;
    });
  }

  function load() {
    if (!state.picked) return;
    image.src = state.picked.source;
    set(image, "alt", `A picture of class ${state.data.classes[state.picked.label]}`);
    set(grid, "aria-label", `Regions of this picture, ${state.data.grid} rows and columns`);
    if (Number(chooser.value) !== state.picked.label || !thumbs.length) fill(state.picked.label);
    mark();
  }

  function draw(settled) {
    if (!state.picked) return;
    const { states, categories, probabilities } = state.picked;
    cells.forEach((cell, r) => {
      const kind = states[r];
      set(cell, "data-state", kind);
      cell.style.setProperty("--own", `var(--atelier-series-${(categories[r] % 10) + 1})`);
      set(cell, "aria-pressed", state.region === r ? "true" : "false");
      write(cell, SIGNS[kind]);
      if (!settled) return;
      const { grid: side, classes } = state.data;
      set(cell, "aria-label", `Row ${Math.floor(r / side) + 1}, column ${(r % side) + 1}: ${WORDS[kind]}, ${classes[categories[r]]} ${probability(probabilities[r])}`);
    });
    if (settled) write(said, sentence());
  }

  function sentence() {
    const { label, odds, states } = state.picked;
    const p = odds[state.target.step];
    const best = p.indexOf(Math.max(...p));
    const count = (kind) => states.reduce((sum, one) => sum + (one === kind), 0);
    const names = state.data.classes;
    if (state.picked.image < 0) return `Your picture: the network says ${names[best]} (${probability(p[best])}). ${count(RELIABLE)} of ${states.length} regions speak for it, ${count(UNRELIABLE)} for another class.`;
    const says = best === label ? `The network says ${names[best]}` : `The network errs: ${names[best]}`;
    return `Truth: ${names[label]}. ${says} (${probability(p[best])}). ${count(RELIABLE)} reliable and ${count(UNRELIABLE)} unreliable of ${states.length} regions.`;
  }

  return { node, build, load, draw };
}
