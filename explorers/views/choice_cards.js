const root = element.querySelector(".atelier-live");
root.classList.add("atelier-cards");
set(root, "role", "group");
set(root, "aria-label", props.label || "Cards");

let buttons = [];
let shape = "";

function line(said) {
  const symbol = make("span", { class: `atelier-card-${said.status}`, "aria-hidden": "true" }, said.symbol);
  const right = { correct: "right: ", wrong: "wrong: " }[said.status] || "";
  const label = make("span", { class: "atelier-card-label" }, `${said.label} `, make("span", { class: "atelier-hidden" }, right));
  return make("span", { class: "atelier-card-finding" }, symbol, make("span", {}, label, said.text));
}

function card(one) {
  const kind = make("span", { class: "atelier-card-label" }, one.kind);
  const title = make("span", { class: "atelier-card-title", dir: "auto" }, one.title);
  const button = make("button", { type: "button" }, kind, title, ...one.findings.map(line));
  button.addEventListener("click", () => {
    choose(one.id);
    trigger("select", { id: one.id });
  });
  return button;
}

function choose(id) {
  const { cards } = props.value;
  const at = Math.max(cards.findIndex((one) => one.id === id), 0);
  buttons.forEach((button, index) => {
    set(button, "aria-pressed", cards[index].id === id ? "true" : "false");
    button.tabIndex = index === at ? 0 : -1;
  });
}

// The cards are kept while they stay the same, so that choosing one does not lose the focus.
function draw() {
  const value = props.value;
  if (!value || !value.cards) return;
  const next = JSON.stringify(value.cards);
  if (next !== shape) {
    buttons = value.cards.map(card);
    root.replaceChildren(...buttons);
    shape = next;
  }
  choose(value.selected);
}

rove(root, () => buttons);
draw();
watch("value", draw);
