// The two sliders with play, the threshold, the figures of a frame, and all frames at once as two maps.

const VIRIDIS = [[68, 1, 84], [72, 36, 117], [65, 68, 135], [53, 95, 141], [42, 120, 142], [33, 145, 140], [34, 168, 132], [68, 191, 112], [122, 209, 81], [189, 223, 38], [253, 231, 37]];

function viridis(share) {
  const at = Math.max(0, Math.min(1, share)) * (VIRIDIS.length - 1);
  const low = Math.min(Math.floor(at), VIRIDIS.length - 2);
  const mixed = VIRIDIS[low].map((v, k) => Math.round(v + (VIRIDIS[low + 1][k] - v) * (at - low)));
  const linear = mixed.map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
  const luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  return { fill: `rgb(${mixed.join(",")})`, text: luminance > 0.179 ? "#000" : "#fff" };
}

let lastControl = 0;
function slider(label, settings, onInput) {
  const id = `atelier-emergence-${(lastControl += 1)}-${Math.random().toString(36).slice(2, 7)}`;
  const input = make("input", { type: "range", id, ...settings });
  const output = make("output", { for: id });
  input.addEventListener("input", () => onInput(Number(input.value)));
  return { input, output, label: make("label", { for: id }, label) };
}

function timeline(state, on) {
  const step = slider("Training", { min: 0, step: 1 }, (value) => on.go({ step: value }));
  const layer = slider("Layer", { min: 0, step: 1 }, (value) => on.go({ layer: value }));
  const play = { step: button("Play training", "step"), layer: button("Play layers", "layer") };
  const node = make("div", { class: "atelier-emergence-time" }, row(play.step, step), row(play.layer, layer));

  function button(name, which) {
    const one = make("button", { type: "button", "aria-label": name, title: name });
    one.addEventListener("click", () => on.play(which));
    return one;
  }

  function row(button, one) {
    return make("div", { class: "atelier-emergence-row" }, button, one.label, one.input, one.output);
  }

  function build() {
    step.input.max = state.data.steps.length - 1;
    layer.input.max = state.data.layers.length - 1;
  }

  function draw() {
    const { steps, layers } = state.data;
    for (const [which, one] of Object.entries({ step, layer })) {
      const value = state.target[which];
      if (Number(one.input.value) !== value) one.input.value = value;
      const said = which === "step" ? `step ${steps[value].toLocaleString("en")}` : `stage ${value + 1} of ${layers.length}`;
      write(one.output, said);
      set(one.input, "aria-valuetext", said);
      write(play[which], state.playing === which ? "❚❚" : "▶");
      set(play[which], "aria-pressed", state.playing === which ? "true" : "false");
    }
  }

  return { node, build, draw };
}

function figuresOf(state, { step, layer }) {
  const { data, tau } = state;
  const k = Math.round(tau * 100);
  const regions = data.grid ** 2;
  const total = data.total[step][layer][k];
  const reliable = data.reliable[step][layer][k];
  const n = data.labels.length;
  return { total: total / n, reliable: reliable / n, share: total ? reliable / total : null, regions, n, row: data.figures[step][layer], usual: Math.abs(tau - data.tau) < 0.005 };
}

function evidence(state) {
  const list = make("ul", { class: "atelier-evidence-items" });
  const node = make("figure", { class: "atelier-picture atelier-evidence", "data-picture": "evidence" }, make("figcaption", { class: "atelier-hidden" }, "Evidence"), list);
  const items = ["Knowledge points a picture", "Of them reliable", "Reliable ones on the foreground", "Network right", "Projection agrees with network"].map((name, k) => {
    const id = `atelier-emergence-tip-${k}-${Math.random().toString(36).slice(2, 7)}`;
    const tip = make("span", { class: "atelier-tip", role: "tooltip", id });
    const term = make("button", { type: "button", class: "atelier-term", "aria-describedby": id }, name);
    const value = make("span", { class: "atelier-value" });
    const bar = make("span", { class: "atelier-emergence-bar", "aria-hidden": "true" }, make("i"), make("b"));
    const small = make("span", { class: "atelier-small" });
    return { node: make("li", {}, term, tip, value, bar, small), value, tip, bar, small };
  });
  list.append(...items.map((item) => item.node));

  function put(item, value, text, share, baseline, small, meaning) {
    write(item.value, value === null ? "–" : text);
    item.bar.children[0].style.width = `${Math.max(0, Math.min(1, share ?? 0)) * 100}%`;
    item.bar.children[1].hidden = baseline === null;
    item.bar.children[1].style.left = `${Math.max(0, Math.min(1, baseline ?? 0)) * 100}%`;
    write(item.small, small);
    write(item.tip, meaning);
  }

  function draw() {
    const { data, target, tau } = state;
    const f = figuresOf(state, target);
    const percent = (value) => (value === null ? "–" : `${(value * 100).toFixed(value < 0.1 ? 1 : 0)} %`);
    const chance = 1 / data.classes.length;
    const control = f.usual ? f.row.control : null;
    put(items[0], f.total, f.total.toFixed(1), f.total / f.regions, null, `of ${f.regions} regions · n ${f.n} pictures`, `Regions that speak for some class with p > ${tau.toFixed(2)}. How many depends on how a layer's strengths are divided: compare layers by the share that is reliable.`);
    put(items[1], f.share, percent(f.share), f.share, control ?? chance, control === null ? `chance ${percent(chance)}` : `random map ${percent(control)}`, "Of the knowledge points, those that speak for the picture's true class. The tick is the same count under maps drawn at random, or chance where tau is not the usual one.");
    const inside = f.usual ? f.row.foreground : null;
    put(items[2], inside, percent(inside), inside, f.row.base, f.row.base === null ? "no masks in these data" : f.usual ? `of all area ${percent(f.row.base)}` : `measured at τ ${data.tau.toFixed(2)}`, "Of the reliable points' area, the share on the object; the tick is the object's share of all area. The network never saw the masks.");
    items[2].node.hidden = f.row.base === null;
    const right = data.accuracies[target.step];
    put(items[3], right, percent(right), right, chance, `chance ${percent(chance)} · n ${f.n}`, "Share of these pictures, none of them used in training, that the network names rightly at this step.");
    put(items[4], f.row.layer_agreement, percent(f.row.layer_agreement), f.row.layer_agreement, chance, `KL ${f.row.layer_kl.toFixed(2)} nats · T ${data.temperature}`, "Share of pictures whose class, read off this radial picture at this layer, is the one that the network names: how far the picture may be trusted.");
  }

  return { node, draw };
}

function maps(state, on) {
  const node = make("div", { class: "atelier-emergence-maps" });
  const tau = slider("Threshold τ", { min: 0, max: 100, step: 1 }, (value) => on.tau(value / 100));
  const control = make("div", { class: "atelier-emergence-tau" }, tau.label, tau.input, tau.output);
  const kinds = [
    { title: "Of them reliable", share: (f) => f.share, text: (v) => `${Math.round(v * 100)}`, unit: "%", top: "100", count: (seed) => seed.share, say: (v) => `${Math.round(v * 100)} %` },
    { title: "Knowledge points a picture", share: (f) => f.total / f.regions, text: (_, f) => f.total.toFixed(0), unit: "", top: "all", count: (seed) => seed.total, say: (v) => (v * state.data.grid ** 2).toFixed(0) },
  ];
  let grids = [];

  function build() {
    const { steps, layers } = state.data;
    grids = kinds.map((kind) => {
      const band = bandRow(state, kind);
      const cells = layers.map((_, l) =>
        steps.map((_, s) => {
          const button = make("button", { type: "button" });
          button.addEventListener("click", () => on.go({ step: s, layer: l }));
          return button;
        }),
      );
      const head = make("tr", {}, make("td"), ...steps.map((one) => make("th", { scope: "col" }, one >= 1000 ? `${(one / 1000).toFixed(1)}k` : String(one))));
      const rows = layers.map((_, l) => l).reverse().map((l) => make("tr", {}, make("th", { scope: "row" }, `stage ${l + 1}`), ...cells[l].map((button) => make("td", {}, button))));
      const table = make("table", {}, make("caption", {}, `${kind.title}${kind.unit ? `, ${kind.unit}` : ""}`), make("thead", {}, head), make("tbody", {}, ...rows), make("tfoot", {}, band.node));
      band.build();
      rove(table, () => cells.flat());
      return { kind, cells, band, node: make("div", { class: "atelier-emergence-map" }, table, band.said) };
    });
    node.replaceChildren(control, make("div", { class: "atelier-emergence-two" }, ...grids.map((grid) => grid.node)));
  }

  function draw() {
    if (Number(tau.input.value) !== Math.round(state.tau * 100)) tau.input.value = Math.round(state.tau * 100);
    write(tau.output, state.tau.toFixed(2) + (Math.abs(state.tau - state.data.tau) < 0.005 ? " (the authors' code)" : ""));
    for (const { kind, cells, band } of grids) {
      band.draw();
      cells.forEach((row, l) => row.forEach((button, s) => {
        const f = figuresOf(state, { step: s, layer: l });
        const value = kind.share(f);
        const here = s === state.target.step && l === state.target.layer;
        const { fill, text } = value === null ? { fill: "transparent", text: "inherit" } : viridis(value);
        button.style.background = fill;
        button.style.color = text;
        write(button, value === null ? "–" : kind.text(value, f));
        set(button, "aria-current", here ? "true" : null);
        button.tabIndex = here ? 0 : -1;
        set(button, "aria-label", `Step ${state.data.steps[s]}, stage ${l + 1}: ${value === null ? "none" : kind.text(value, f) + kind.unit}`);
      }));
    }
  }

  return { node, build, draw };
}
