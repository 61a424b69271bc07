const root = element.querySelector(".atelier-live");
root.classList.add("atelier-compare");

let chosen = 0;
let parts = null;

function build(value) {
  const before = make("img", { draggable: "false" });
  const after = make("img", { class: "atelier-compare-after", draggable: "false" });
  const range = make("input", { type: "range", min: 0, max: 100, step: 1, value: 8 });
  const tags = [make("span", { class: "atelier-compare-tag" }), make("span", { class: "atelier-compare-tag atelier-compare-right" })];
  const line = make("span", { class: "atelier-compare-line", "aria-hidden": "true" });
  const stage = make("div", { class: "atelier-compare-stage" }, before, after, line, ...tags, range);
  const choices = make("div", { class: "atelier-compare-choices", role: "group", "aria-label": "Which picture" });
  const caption = make("figcaption");
  root.replaceChildren(make("figure", { "data-picture": "before-after" }, stage, choices, caption));
  range.addEventListener("input", place);
  parts = { before, after, range, tags, stage, choices, caption };
}

// The share of the picture before, from the left.
function place() {
  const at = Number(parts.range.value);
  parts.stage.style.setProperty("--at", `${at}%`);
  set(parts.range, "aria-valuetext", `${at} % ${parts.tags[0].textContent}, ${100 - at} % ${parts.tags[1].textContent}`);
}

function show(index) {
  const value = props.value;
  chosen = Math.min(index, value.items.length - 1);
  const item = value.items[chosen];
  set(parts.after, "src", item.source);
  set(parts.after, "alt", item.alt);
  write(parts.tags[1], item.label);
  [...parts.choices.children].forEach((button, at) => set(button, "aria-pressed", at === chosen ? "true" : "false"));
  place();
}

function draw() {
  const value = props.value;
  root.hidden = !value;
  if (!value) return;
  if (!parts || !root.contains(parts.stage)) build(value);
  set(parts.before, "src", value.before.source);
  set(parts.before, "alt", value.before.alt);
  set(parts.before, "width", value.width);
  set(parts.before, "height", value.height);
  set(parts.range, "aria-label", props.label || "Before and after");
  write(parts.tags[0], value.before.label);
  write(parts.caption, value.caption);
  parts.caption.hidden = !value.caption;
  parts.choices.hidden = value.items.length < 2;
  if (parts.choices.children.length !== value.items.length) {
    chosen = 0;
    const buttons = value.items.map((_, at) => {
      const button = make("button", { type: "button" });
      button.addEventListener("click", () => show(at));
      return button;
    });
    parts.choices.replaceChildren(...buttons);
  }
  [...parts.choices.children].forEach((button, at) => write(button, value.items[at].label));
  show(chosen);
}

draw();
watch("value", draw);
