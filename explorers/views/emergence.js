const root = element.querySelector(".atelier-live");
root.classList.add("atelier-emergence");

const PACE = 900; // ms from one frame to the next while playing
const EASE = 380; // ms for a jump
const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
const state = {
  data: null, seeds: null, seedCounts: null, picked: null, region: null, mode: "regions", colour: "true", tau: 0.4, selected: new Set(),
  at: { step: 0, layer: 0 }, target: { step: 0, layer: 0 }, playing: null, moving: false,
  mu: null, cloud: null, pictures: null, reach: { regions: 1, pictures: 1 },
};
let stores = {};
let told = null;
let drawn = "";
let running = 0;

const canvas = radialCanvas(state, { describe, pick, lasso });
const picture = regionPicture(state, { region: chooseRegion, image: chooseImage, hover: () => {} });
const time = timeline(state, { go, play });
const strip = evidence(state);
const map = maps(state, { go, tau: setTau });
const modes = ["regions", "pictures"].map((mode) => {
  const one = make("button", { type: "button" }, mode === "regions" ? "Regions" : "Whole pictures");
  one.addEventListener("click", () => { state.mode = mode; refresh(true); });
  return one;
});
const colourings = ["true", "spoken"].map((colour) => {
  const one = make("button", { type: "button" }, colour === "true" ? "True class" : "What it speaks for");
  one.addEventListener("click", () => { state.colour = colour; refresh(true); });
  return one;
});
const colouring = make("div", { class: "atelier-emergence-modes", role: "group", "aria-label": "What the colour says" }, ...colourings);
const legend = make("p", { class: "atelier-emergence-legend" });
const bar = make("div", { class: "atelier-emergence-top" }, make("div", { class: "atelier-emergence-modes", role: "group", "aria-label": "What is drawn" }, ...modes), colouring, legend);
const chosen = make("div", { class: "atelier-emergence-chosen", hidden: true });
const live = make("div", { class: "atelier-hidden", "aria-live": "polite" });
const table = twin(() => ["region", "state", "speaks for", "p", "strength", "p of the true class"], rows);
const help = make("p", { class: "atelier-note" }, "Drag to turn, or use the arrow keys; + and − zoom, Home begins again. Click a point or a region to follow it. Shift-drag around points to see their patches.");
root.replaceChildren(
  make("div", { class: "atelier-emergence-main" }, bar, canvas.node, time.node),
  picture.node,
  make("div", { class: "atelier-emergence-below" }, chosen, strip.node, map.node, help, table.node),
  live,
);

function rows() {
  if (!state.picked) return [];
  const { values, states, categories, probabilities, own } = state.picked;
  return [...states].map((kind, r) => {
    const strength = Math.hypot(values[r * 3], values[r * 3 + 1], values[r * 3 + 2]);
    return [`row ${Math.floor(r / state.data.grid) + 1}, column ${(r % state.data.grid) + 1}`, WORDS[kind], state.data.classes[categories[r]], probability(probabilities[r]), strength.toFixed(2), probability(own[r])];
  });
}

// Everything that depends on where we are between the frames.
function compute() {
  const { step, layer } = state.at;
  const { data } = state;
  const count = data.classes.length;
  state.mu = directionsAt(stores.directions, count, step);
  if (state.mode === "pictures") state.pictures = stores.pictures.at(step, layer);
  const values = stores.cloud.at(step, layer);
  state.cloud.values = values;
  for (let i = 0; i < state.cloud.images.length; i += 1) {
    const label = data.labels[state.cloud.images[i]];
    const verdict = judge(values, i * 3, state.mu, count, data.concentration);
    state.cloud.states[i] = stateOf(verdict, label, state.tau);
    state.cloud.spoken[i] = verdict.category;
  }
  const own = state.picked;
  if (!own) return;
  own.values = own.frames.at(step, layer);
  for (let r = 0; r < own.states.length; r += 1) {
    const verdict = judge(own.values, r * 3, state.mu, count, data.concentration, own.label);
    own.states[r] = stateOf(verdict, own.label, state.tau);
    own.categories[r] = verdict.category;
    own.probabilities[r] = verdict.probability;
    own.own[r] = verdict.of;
  }
}

function refresh(settled) {
  if (!state.data) return;
  compute();
  canvas.draw();
  picture.draw(settled);
  drawFrame();
  modes.forEach((one, k) => set(one, "aria-pressed", state.mode === ["regions", "pictures"][k] ? "true" : "false"));
  colourings.forEach((one, k) => set(one, "aria-pressed", state.colour === ["true", "spoken"][k] ? "true" : "false"));
  colouring.hidden = state.mode !== "regions";
  write(legend, state.mode === "regions" ? `● reliable  △ unreliable  · neither — colour is ${state.colour === "true" ? "the true class" : "what a region speaks for most"}, rings are mean strengths` : "Ring colour is the true class; farther out is stronger");
  if (!settled) return;
  table.refresh();
  tell();
}

// What belongs to the frame that we are at or move to is drawn once for each: between frames only points move.
function drawFrame() {
  const frame = [state.target.step, state.target.layer, state.tau, state.playing, state.data.name].join();
  if (frame === drawn) return;
  drawn = frame;
  time.draw();
  strip.draw();
  map.draw();
}

function go(to) {
  Object.assign(state.target, to);
  state.playing = null;
  move(EASE);
}

function move(duration) {
  const from = { ...state.at };
  const start = performance.now();
  const turn = (running += 1);
  if (calm.matches || document.hidden) return arrive(duration);
  state.moving = true;
  const frame = (now) => {
    if (turn !== running || !root.isConnected) return;
    const share = Math.min(1, Math.max(0, (now - start) / duration));
    const eased = state.playing ? share : share * share * (3 - 2 * share);
    for (const key of ["step", "layer"]) state.at[key] = share === 1 ? state.target[key] : from[key] + (state.target[key] - from[key]) * eased;
    if (share === 1) return arrive(0);
    refresh(false);
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}

function arrive(wait) {
  state.at = { ...state.target };
  state.moving = false;
  refresh(!state.playing);
  if (state.playing) setTimeout(onward, wait, running);
}

function onward(turn) {
  if (!state.playing || turn !== running) return;
  const most = state.data[state.playing === "step" ? "steps" : "layers"].length - 1;
  if (state.target[state.playing] >= most) {
    state.playing = null;
    return refresh(true);
  }
  state.target[state.playing] += 1;
  move(PACE);
}

function play(which) {
  running += 1;
  if (state.playing === which) {
    state.playing = null;
    state.target = { step: Math.round(state.at.step), layer: Math.round(state.at.layer) };
    return move(EASE);
  }
  const most = state.data[which === "step" ? "steps" : "layers"].length - 1;
  state.playing = which;
  if (state.target[which] >= most) state.target[which] = 0;
  move(EASE);
}

function setTau(tau) {
  state.tau = tau;
  refresh(!state.playing);
}

function chooseImage(image) {
  trigger("image", { image });
}

function chooseRegion(region) {
  state.region = state.region === region ? null : region;
  refresh(true);
  follow();
}

// A visitor's own picture is not among those that the server knows the paths of.
function follow() {
  if (state.region !== null && state.picked && state.picked.image >= 0) trigger("region", { image: state.picked.image, region: state.region, step: state.target.step, layer: state.target.layer });
}

function pick(one) {
  if (!one) return;
  if (one.kind === "own") return chooseRegion(one.index);
  if (one.kind === "picture") return chooseImage(one.index);
  const image = state.data.cloud_image[one.index];
  const region = state.data.cloud_region[one.index];
  if (state.picked && state.picked.image === image) return chooseRegion(region);
  state.wanted = region;
  trigger("image", { image });
}

function describe(one) {
  const { data } = state;
  const image = one.kind === "own" ? state.picked.image : one.kind === "picture" ? one.index : data.cloud_image[one.index];
  const face = thumbnail(state, image, 72);
  const lines = [make("strong", { dir: "auto" }, `a ${data.classes[data.labels[image]]}`)];
  if (one.kind !== "picture") {
    const region = one.kind === "own" ? one.index : data.cloud_region[one.index];
    const values = one.kind === "own" ? state.picked.values : state.cloud.values;
    const verdict = judge(values, one.index * 3, state.mu, data.classes.length, data.concentration, data.labels[image]);
    const side = 72 / data.grid;
    const box = make("i", {});
    box.style.cssText = `left:${(region % data.grid) * side}px;top:${Math.floor(region / data.grid) * side}px;width:${side}px;height:${side}px`;
    face.append(box);
    const kind = stateOf(verdict, data.labels[image], state.tau);
    lines.push(`this region: ${WORDS[kind]}`, `speaks for ${data.classes[verdict.category]}, p ${probability(verdict.probability)}`);
  }
  return [face, make("div", {}, ...lines.map((line) => make("div", { dir: "auto" }, line)))];
}

// Points inside a lasso: their patches, each a way to its picture.
function lasso(indices) {
  state.selected = new Set(indices);
  chosen.hidden = !indices.length;
  const patches = indices.slice(0, 36).map((i) => {
    const face = thumbnail(state, state.data.cloud_image[i], 48);
    const side = 48 / state.data.grid;
    const box = make("i", {});
    box.style.cssText = `left:${(state.data.cloud_region[i] % state.data.grid) * side}px;top:${Math.floor(state.data.cloud_region[i] / state.data.grid) * side}px;width:${side}px;height:${side}px`;
    face.append(box);
    const button = make("button", { type: "button", "aria-label": `Region of a ${state.data.classes[state.data.labels[state.data.cloud_image[i]]]}` }, face);
    button.addEventListener("click", () => pick({ kind: "cloud", index: i }));
    return button;
  });
  const more = indices.length > 36 ? `, 36 of them shown` : "";
  chosen.replaceChildren(make("p", { class: "atelier-note" }, `${indices.length} regions selected${more}; Escape in the picture clears.`), make("div", { class: "atelier-emergence-list" }, ...patches));
  write(live, `${indices.length} regions selected`);
  refresh(true);
}

// The server is told where we are, once things rest: links and exports need it.
function tell() {
  clearTimeout(told);
  told = setTimeout(() => {
    if (root.isConnected) trigger("rest", { step: state.target.step, layer: state.target.layer, tau: state.tau, image: Math.max(0, state.picked ? state.picked.image : 0), region: state.region });
  }, 500);
}

// The strength within which nearly all of the last frame lies: a few outliers must not shrink all others.
function usualReach(store) {
  const last = store.one(state.data.steps.length - 1, state.data.layers.length - 1);
  const strengths = Float32Array.from({ length: store.count }, (_, i) => Math.hypot(last[i * 3], last[i * 3 + 1], last[i * 3 + 2])).sort();
  return strengths[Math.floor(store.count * 0.985)] || 1;
}

function load() {
  if (!props.value) return;
  const data = props.value.page;
  const start = props.value.start;
  const { seeds } = props.value;
  Object.assign(state, { data, seeds, seedCounts: seeds && seedCounts(seeds), region: null, wanted: start.region, selected: new Set(), playing: null, tau: start.tau });
  state.at = { step: start.step, layer: start.layer };
  state.target = { ...state.at };
  const shape = [data.steps.length, data.layers.length];
  stores = {
    directions: places(data.directions, 1, data.dimensions),
    pictures: frames(places(data.pictures, data.picture_reach, data.dimensions), ...shape),
    cloud: frames(places(data.cloud, data.reach, data.dimensions), ...shape),
  };
  state.cloud = { images: data.cloud_image, states: new Uint8Array(data.cloud_image.length), spoken: new Uint8Array(data.cloud_image.length), values: null };
  state.finalMu = directionsAt(stores.directions, data.classes.length, data.steps.length - 1);
  state.reach = { regions: usualReach(stores.cloud), pictures: usualReach(stores.pictures) };
  chosen.hidden = true;
  picture.build();
  time.build();
  map.build();
  takePicked();
  compute();
  canvas.load();
  refresh(true);
}

function takePicked() {
  const found = window.atelierPicked;
  if (!found || !state.data || found.name !== state.data.name) return (state.picked = null);
  const values = places(found.places, found.reach, state.data.dimensions);
  const own = frames(values, state.data.steps.length, state.data.layers.length);
  state.picked = {
    image: found.image, label: found.label, source: found.source, odds: found.probabilities, frames: own, values: null,
    states: new Uint8Array(own.count), categories: new Uint8Array(own.count), probabilities: new Float32Array(own.count), own: new Float32Array(own.count),
  };
  state.region = state.wanted ?? null;
  state.wanted = null;
  picture.load();
}

const received = () => {
  if (!root.isConnected) return document.removeEventListener("atelier-picked", received);
  takePicked();
  refresh(true);
  follow();
};
document.addEventListener("atelier-picked", received);
const resized = new ResizeObserver(() => canvas.redraw());
resized.observe(canvas.node);
const themed = new MutationObserver(() => (root.isConnected ? canvas.redraw() : themed.disconnect()));
themed.observe(document.body, { attributes: true, attributeFilter: ["class"] });
load();
watch("value", load);
