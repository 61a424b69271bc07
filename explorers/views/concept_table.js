const root = element.querySelector(".atelier-live");
root.classList.add("atelier-concepts");
let shape = "";
let rows = [];
let head = null;

function shapeOf(items) {
  return JSON.stringify(items.map((item) => [item.name, (item.members || []).map((member) => member.name)]));
}

function emitConcept(item, value) {
  item.value = value === null ? item.predicted : value;
  item.edited = value !== null;
  trigger("edit", { concept: item.name, value });
}

function emitGroup(item, name) {
  for (const member of item.members) {
    member.edited = name !== null;
    member.value = name === null ? member.predicted : Number(member.name === name);
  }
  trigger("edit", { group: item.name, member: name });
}

function nameCell(row) {
  const label = make("span", { class: "atelier-concept-label", title: row.name, dir: "auto" }, row.name);
  const flag = make("span", { class: "atelier-concept-flag" });
  const update = (edited, changed, wrong) => {
    write(flag, edited ? "edited" : changed ? "changed" : wrong ? "wrong" : "");
    set(flag, "data-kind", edited ? "edited" : changed ? "changed" : wrong ? "wrong" : null);
  };
  return { node: make("div", { class: "atelier-concept-name" }, label, flag), update };
}

// off / model / on: a radio group whose choice follows the focus, as native radio buttons do.
function segment(item, choose) {
  const options = [["off", 0], ["model", null], ["on", 1]];
  const buttons = options.map(([label, value]) => {
    const button = make("button", { type: "button", role: "radio", "data-choice": label }, label);
    button.addEventListener("click", () => choose(value));
    return button;
  });
  const node = make("div", { class: "atelier-segment", role: "radiogroup", "aria-label": `${item.name}: set` }, ...buttons);
  rove(node, () => buttons, (button) => button.click());
  const update = (current) => {
    const at = !current.edited ? 1 : current.value === 0 ? 0 : current.value === 1 ? 2 : -1;
    buttons.forEach((button, index) => {
      set(button, "aria-checked", index === at ? "true" : "false");
      button.tabIndex = index === at || (at < 0 && index === 1) ? 0 : -1;
    });
  };
  return { node, update };
}

function track(item, choose) {
  const truth = make("div", { class: "atelier-track-truth" });
  const fill = make("div", { class: "atelier-track-fill" });
  const other = make("div", { class: "atelier-track-other" });
  const slider = make("input", { type: "range", min: 0, max: 1, step: 0.01 });
  const node = make("div", { class: "atelier-track" }, make("div", { class: "atelier-track-line" }), other, fill, make("div", { class: "atelier-track-half" }), truth, slider);
  slider.addEventListener("change", () => choose(Number(slider.value)));
  const update = (current, value) => {
    node.style.setProperty("--predicted", current.predicted);
    node.style.setProperty("--other", current.other ?? 0);
    set(other, "hidden", current.other === null);
    set(truth, "hidden", current.truth === null || !value.show_truth);
    set(truth, "data-side", current.truth === 1 ? "on" : "off");
    set(node, "data-edited", current.edited);
    if (!slider.matches(":active")) slider.value = current.value;
    set(slider, "aria-label", `${current.name}: value`);
    set(slider, "aria-valuetext", spoken(current, value));
  };
  return { node, slider, update };
}

function spoken(current, value) {
  const parts = [probability(current.value), current.edited ? "set by you" : "as predicted", `${value.model} says ${probability(current.predicted)}`];
  if (current.other !== null) parts.push(`${value.other_model} says ${probability(current.other)}`);
  if (value.show_truth && current.truth !== null) parts.push(current.truth ? "true is on" : "true is off");
  return parts.join(", ");
}

function conceptRow(item) {
  let current = item;
  const choose = (value) => {
    emitConcept(current, value);
    update(current, props.value);
  };
  const name = nameCell(item);
  const number = make("span", { class: "atelier-concept-number" });
  const bar = track(item, choose);
  const set3 = segment(item, choose);
  bar.slider.addEventListener("input", () => write(number, probability(Number(bar.slider.value))));
  const node = make("div", { class: "atelier-concept", role: "group", "aria-label": item.name }, name.node, bar.node, number, set3.node);
  function update(next, value) {
    current = next;
    const wrong = value.show_truth && next.truth !== null && next.predicted >= 0.5 !== (next.truth === 1);
    name.update(next.edited, next.changed, wrong);
    bar.update(next, value);
    set3.update(next);
    write(number, probability(next.value));
    set(node, "data-edited", next.edited);
    set(node, "data-changed", next.changed);
  }
  return { node, update };
}

function memberCell(member, choose) {
  const fill = make("span", { class: "atelier-cell-fill" });
  const other = make("span", { class: "atelier-cell-other" });
  const label = make("span", { class: "atelier-cell-label", dir: "auto" }, member.short);
  const node = make("button", { type: "button", class: "atelier-cell" }, make("span", { class: "atelier-cell-well" }, fill, other), label);
  node.addEventListener("click", () => choose(node.getAttribute("aria-pressed") === "true" ? null : member.name));
  const update = (next, value) => {
    const chosen = next.edited && next.value >= 0.5;
    const truth = value.show_truth && next.truth === 1;
    fill.style.height = `${next.predicted * 100}%`;
    other.style.bottom = `${(next.other ?? 0) * 100}%`;
    set(other, "hidden", next.other === null);
    set(node, "aria-pressed", chosen ? "true" : "false");
    set(node, "data-truth", truth);
    set(node, "data-edited", next.edited);
    const words = [`${next.short}: ${value.model} ${probability(next.predicted)}`];
    if (next.other !== null) words.push(`${value.other_model} ${probability(next.other)}`);
    if (truth) words.push("the truth");
    if (chosen) words.push("your choice");
    set(node, "aria-label", words.join(", "));
    set(node, "title", words.join(", "));
  };
  return { node, update };
}

function best(members, key) {
  return members.reduce((top, member) => (member[key] > top[key] ? member : top));
}

function groupRow(item) {
  let current = item;
  const choose = (name) => {
    emitGroup(current, name);
    update(current, props.value);
  };
  const name = nameCell(item);
  const cells = item.members.map((member) => memberCell(member, choose));
  const strip = make("div", { class: "atelier-strip", role: "group", "aria-label": `${item.name}: members` }, ...cells.map((cell) => cell.node));
  cells.forEach((cell, index) => (cell.node.tabIndex = index ? -1 : 0));
  rove(strip, () => cells.map((cell) => cell.node));
  const auto = make("option", { value: "" });
  const options = item.members.map((member, index) => make("option", { value: String(index) }, member.short));
  const menu = make("select", { "aria-label": `${item.name}: set` }, auto, ...options);
  menu.addEventListener("change", () => choose(menu.value === "" ? null : current.members[Number(menu.value)].name));
  const number = make("span", { class: "atelier-concept-number" });
  const node = make("div", { class: "atelier-concept atelier-concept-group", role: "group", "aria-label": item.name }, name.node, strip, number, menu);
  function update(next, value) {
    current = next;
    const top = best(next.members, "predicted");
    const truth = next.members.find((member) => member.truth === 1);
    const edited = next.members.some((member) => member.edited);
    const chosen = edited ? best(next.members, "value") : null;
    const changed = next.members.some((member) => member.changed);
    name.update(edited, changed, value.show_truth && truth !== undefined && truth !== top);
    next.members.forEach((member, index) => cells[index].update(member, value));
    write(auto, `model: ${top.short}`);
    menu.value = chosen ? String(next.members.indexOf(chosen)) : "";
    write(number, probability((chosen ?? top).value));
    set(node, "data-edited", edited);
    set(node, "data-changed", changed);
  }
  return { node, update };
}

function header() {
  const key = (kind, text) => make("span", { class: "atelier-key", "data-key": kind }, make("i", { "aria-hidden": "true" }), text);
  const keys = { predicted: key("predicted", ""), truth: key("truth", "truth"), edit: key("edit", "your edit"), other: key("other", "") };
  const button = (label, event) => {
    const node = make("button", { type: "button", class: "atelier-action" }, label);
    node.addEventListener("click", () => trigger(event));
    return node;
  };
  const undo = button("Undo", "undo");
  const truth = button("All to truth", "truth");
  const actions = make("div", { class: "atelier-actions" }, truth, undo, button("Reset", "reset"));
  const node = make("div", { class: "atelier-concepts-head" }, make("div", { class: "atelier-keys" }, ...Object.values(keys)), actions);
  const update = (value) => {
    const compared = value.items.some((item) => (item.members ?? [item]).some((one) => one.other !== null));
    write(keys.predicted.lastChild, value.model === "model" ? "predicted" : value.model);
    write(keys.other.lastChild, value.other_model);
    set(keys.other, "hidden", !compared);
    set(keys.truth, "hidden", !value.show_truth);
    undo.disabled = !value.can_undo;
  };
  return { node, update };
}

function build(items) {
  head = header();
  rows = items.map((item) => (item.kind === "group" ? groupRow(item) : conceptRow(item)));
  const note = make("p", { class: "atelier-concepts-note" });
  const list = make("div", { class: "atelier-concepts-rows" }, ...rows.map((row) => row.node));
  const table = twin(
    () => ["concept", "predicted", "in effect", "truth"],
    () =>
      props.value.items
        .flatMap((item) => item.members ?? [item])
        .map((one) => [one.name, probability(one.predicted), probability(one.value), props.value.show_truth ? (one.truth ?? "unknown") : "hidden"]),
  );
  root.replaceChildren(head.node, list, note, table.node);
  root.refreshTwin = table.refresh;
  root.note = note;
}

// Rows are kept as long as the concepts stay the same, so that focus and an open drag survive an answer of the server.
function draw() {
  const value = props.value;
  if (!value || !value.items) return root.replaceChildren();
  const next = shapeOf(value.items);
  if (next !== shape || !root.firstChild) build(value.items);
  shape = next;
  head.update(value);
  value.items.forEach((item, index) => rows[index].update(item, value));
  write(root.note, value.note);
  root.refreshTwin();
}

set(root, "role", "group");
set(root, "aria-label", props.label || "Concepts");
draw();
watch("value", draw);
