// Under each map: the layer that we are at, over training, by the map's own columns. The line is this network and the
// band reaches from the lowest to the highest seed, at the threshold that is set.

const BAND_HEIGHT = 100;

// The counts of all seeds, by seed, step, layer and threshold.
function seedCounts(seeds) {
  const read = (text) => new Uint16Array(bytes(text).buffer);
  const total = read(seeds.total);
  const reliable = read(seeds.reliable);
  const thresholds = total.length / (seeds.seeds.length * seeds.steps.length * seeds.layers.length);
  return (seed, step, layer, tau) => {
    const at = ((seed * seeds.steps.length + step) * seeds.layers.length + layer) * thresholds + Math.round(tau * 100);
    return { total: total[at] / seeds.images / seeds.regions, share: total[at] ? reliable[at] / total[at] : null };
  };
}

function bandRow(state, kind) {
  const band = graph("polygon", { fill: "var(--atelier-accent)", "fill-opacity": 0.22 });
  const line = graph("polyline", { fill: "none", stroke: "var(--atelier-accent)", "stroke-width": 2, "vector-effect": "non-scaling-stroke" });
  const here = graph("line", { y1: 0, y2: BAND_HEIGHT, stroke: "var(--atelier-muted)", "stroke-width": 1, "stroke-dasharray": "3 3", "vector-effect": "non-scaling-stroke" });
  const drawing = graph("svg", { preserveAspectRatio: "none", role: "img" });
  drawing.append(here, band, line);
  const layer = make("span", {});
  const cell = make("td", {}, drawing);
  const node = make("tr", {}, make("th", { scope: "row" }, make("span", {}, kind.top), layer, make("span", {}, "0")), cell);
  const said = make("p", { class: "atelier-note" });

  function graph(name, attributes) {
    const one = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) one.setAttribute(key, value);
    return one;
  }

  function build() {
    const steps = state.data.steps.length;
    cell.colSpan = steps;
    drawing.setAttribute("viewBox", `0 0 ${steps} ${BAND_HEIGHT}`);
  }

  const height = (value) => BAND_HEIGHT * (1 - Math.max(0, Math.min(1, value)));

  // Steps where nothing is defined are left out.
  function draw() {
    const { data, seeds, target, tau } = state;
    const own = data.steps.map((_, s) => kind.share(figuresOf(state, { step: s, layer: target.layer })));
    const known = own.map((value, s) => [s, value]).filter(([, value]) => value !== null);
    line.setAttribute("points", known.map(([s, value]) => `${s + 0.5},${height(value)}`).join(" "));
    here.setAttribute("x1", target.step + 0.5);
    here.setAttribute("x2", target.step + 0.5);
    write(layer, `stage ${target.layer + 1}`);
    const spread = seeds ? data.steps.map((_, s) => range(s, target.layer, tau)).filter((one) => one) : [];
    const edge = [...spread.map(([s, low]) => [s, low]), ...spread.map(([s, , high]) => [s, high]).reverse()];
    band.setAttribute("points", edge.map(([s, value]) => `${s + 0.5},${height(value)}`).join(" "));
    const [s, low, high] = spread.find(([step]) => step === target.step) ?? [];
    const between = s === undefined ? "" : `; at this step from ${kind.say(low)} to ${kind.say(high)}`;
    const words = seeds ? `Line: this network. Band: seeds ${seeds.seeds.join(", ")}, ${seeds.images} pictures each${between}.` : "Line: this network. One seed: no band.";
    write(said, words);
    drawing.setAttribute("aria-label", `${kind.title} over training. ${words}`);
  }

  function range(step, layer, tau) {
    const values = state.seeds.seeds.map((_, seed) => kind.count(state.seedCounts(seed, step, layer, tau))).filter((value) => value !== null);
    return values.length ? [step, Math.min(...values), Math.max(...values)] : null;
  }

  return { node, said, build, draw };
}
