const root = element.querySelector(".atelier-live");
root.classList.add("atelier-grid");
set(root, "role", "group");
set(root, "aria-label", props.label || "Pictures");

let shape = "";
let buttons = [];

function thumbnail(item, size) {
  const image = make("img", { src: item.source, alt: "", class: item.pixelated ? "atelier-pixelated" : "", width: size, height: size });
  const marks = item.badges.map((one) => {
    const symbol = make("span", { class: "atelier-badge-symbol", "aria-hidden": "true" }, one.symbol);
    return make("span", { class: `atelier-badge atelier-badge-${one.status}` }, symbol, one.label);
  });
  const caption = make("span", { class: "atelier-grid-caption", dir: "auto" }, item.caption || item.id);
  const button = make("button", { type: "button", class: "atelier-grid-item", style: `--size:${size}px` }, image, caption, ...marks);
  button.addEventListener("click", () => {
    choose(item.id);
    trigger("select", { id: item.id });
  });
  return button;
}

function choose(id) {
  const items = props.value.items;
  const at = Math.max(items.findIndex((item) => item.id === id), 0);
  buttons.forEach((button, index) => {
    set(button, "aria-pressed", items[index].id === id ? "true" : "false");
    button.tabIndex = index === at ? 0 : -1;
  });
}

// The thumbnails are kept while they stay the same, so that choosing one does not lose the focus.
function draw() {
  const value = props.value;
  if (!value || !value.items) return root.replaceChildren();
  const next = JSON.stringify([value.items, value.size]);
  if (next !== shape) {
    buttons = value.items.map((item) => thumbnail(item, value.size));
    root.replaceChildren(...buttons);
    shape = next;
  }
  choose(value.selected);
}

rove(root, () => buttons);
draw();
watch("value", draw);
