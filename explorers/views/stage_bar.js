const root = element.querySelector(".atelier-live");
root.classList.add("atelier-stages");

const STAGES = ["off", "global", "detail", "off"];
const HANDLES = ["Control begins at time", "Global hands over to detail at time", "Control ends at time"];
const NEAR = 1e-6; // a border that is not quite a time belongs to the stage below it, as in the pipeline

let marks = [1, 0.5, 0];
let parts = null;

function build() {
  const stages = STAGES.map((name) => make("span", { class: "atelier-stages-part", "data-stage": name }, make("i", {}, name)));
  const veil = make("span", { class: "atelier-stages-veil" });
  const handles = HANDLES.map((label) => make("input", { type: "range", min: 0, max: 100, step: 1, "aria-label": label }));
  const track = make("div", { class: "atelier-stages-track" }, ...stages, veil, ...handles);
  const ticks = make("div", { class: "atelier-stages-ticks", "aria-hidden": "true" });
  const ends = make("div", { class: "atelier-stages-ends" }, make("span", {}, "noise, time 1"), make("span", {}, "picture, 0"));
  const caption = make("figcaption");
  root.replaceChildren(make("figure", { "data-picture": "timeline" }, track, ticks, ends, caption));
  handles.forEach((handle, at) => {
    handle.addEventListener("input", () => moved(at, 1 - Number(handle.value) / 100));
    handle.addEventListener("change", () => trigger("edit", { marks }));
  });
  parts = { stages, veil, handles, ticks, caption };
}

// A border stays between its neighbours.
function moved(at, time) {
  const high = at === 0 ? 1 : marks[at - 1];
  const low = at === 2 ? 0 : marks[at + 1];
  marks = marks.map((mark, index) => (index === at ? Math.min(high, Math.max(low, Math.round(time * 100) / 100)) : mark));
  place();
}

function stageAt(time) {
  const at = marks.findIndex((mark) => mark < time - NEAR);
  return STAGES[at < 0 ? 3 : at];
}

function place() {
  const value = props.value;
  const borders = [1, ...marks, 0];
  parts.stages.forEach((part, at) => {
    const width = 100 * (borders[at] - borders[at + 1]);
    part.style.setProperty("--from", `${100 * (1 - borders[at])}%`);
    part.style.setProperty("--wide", `${width}%`);
    part.toggleAttribute("data-narrow", width < 16);
  });
  parts.handles.forEach((handle, at) => {
    handle.value = Math.round(100 * (1 - marks[at]));
    set(handle, "aria-valuetext", `time ${marks[at].toFixed(2)}`);
  });
  // Of borders that lie on each other the one on top must have somewhere to go.
  const top = marks[0] > marks[2] ? 1 : marks[0] < 0.5 ? 0 : 2;
  parts.handles.forEach((handle, at) => handle.style.setProperty("z-index", at === top ? "1" : "0"));
  parts.veil.style.setProperty("--wide", `${100 * (1 - value.start)}%`);
  parts.ticks.replaceChildren(
    ...value.steps.map((time) => {
      const tick = make("i", { "data-stage": stageAt(time) });
      tick.style.setProperty("--from", `${100 * (1 - time)}%`);
      return tick;
    }),
  );
  const count = (name) => value.steps.filter((time) => stageAt(time) === name).length;
  write(
    parts.caption,
    `Denoising starts at ${value.start}. Of ${value.steps.length} steps (ticks) ${count("global")} have global control, ${count("detail")} detail control, ${count("off")} none.`,
  );
}

function draw() {
  root.hidden = !props.value;
  if (!props.value) return;
  if (!parts || !root.contains(parts.caption)) build();
  marks = props.value.marks;
  place();
}

draw();
watch("value", draw);
