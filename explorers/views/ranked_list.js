const root = element.querySelector(".atelier-live");
root.classList.add("atelier-ranked");
set(root, "role", "group");
set(root, "aria-label", props.label || "Choices");

let buttons = [];
let shape = "";

function row(one) {
  const bar = one.share === null ? null : make("span", { class: "atelier-ranked-bar", style: `--share:${Math.round(one.share * 100)}%`, "aria-hidden": "true" });
  const title = make("span", { class: "atelier-ranked-title", dir: "auto" }, one.title);
  const note = make("span", { class: "atelier-ranked-note" }, one.mark ? make("span", { "aria-hidden": "true" }, `${one.mark} `) : null, one.note);
  const button = make("button", { type: "button" }, title, note, bar);
  button.addEventListener("click", () => {
    choose(one.id);
    trigger("select", { id: one.id });
  });
  return button;
}

function choose(id) {
  const { rows } = props.value;
  const at = Math.max(rows.findIndex((one) => one.id === id), 0);
  buttons.forEach((button, index) => {
    set(button, "aria-pressed", rows[index].id === id ? "true" : "false");
    button.tabIndex = index === at ? 0 : -1;
  });
}

function draw() {
  const value = props.value;
  if (!value || !value.rows) return;
  const next = JSON.stringify([value.rows, value.empty]);
  if (next !== shape) {
    buttons = value.rows.map(row);
    root.replaceChildren(...buttons, ...(buttons.length || !value.empty ? [] : [make("p", { class: "atelier-note" }, value.empty)]));
    shape = next;
  }
  choose(value.selected);
}

rove(root, () => buttons);
draw();
watch("value", draw);
