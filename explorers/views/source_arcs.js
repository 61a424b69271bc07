const root = element.querySelector(".atelier-live");
root.classList.add("atelier-arcs");
set(root, "data-picture", "arcs");
set(root, "role", "group");
set(root, "aria-label", props.label || "Sources of a value");

const SVG = "http://www.w3.org/2000/svg";
const MOST_ARCS = 8;
let buttons = [];
let picked = null;

const verdict = make("p", { class: "atelier-arcs-verdict", "aria-live": "polite" });
const line = make("div", { class: "atelier-arcs-line", role: "group", "aria-label": "Tokens: choose one to explain or change it" });
const drawing = document.createElementNS(SVG, "svg");
set(drawing, "aria-hidden", "true");
const stage = make("div", { class: "atelier-arcs-stage" }, drawing, line);
const word = make("input", { type: "text", maxlength: 100, placeholder: "another word", "aria-label": "Word to put there instead" });
const tools = make("div", { class: "atelier-arcs-tools", hidden: true });
const chosen = make("strong", { dir: "auto" });
const acts = [
  ["Explain it", () => trigger("query", { position: picked })],
  ["Delete", () => edit("delete")],
  ["Repeat before the explained", () => edit("repeat")],
  ["Move before the explained", () => edit("move")],
  ["Put before it", () => edit("insert")],
  ["Replace by", () => edit("replace")],
].map(([label, act]) => {
  const button = make("button", { type: "button" }, label);
  button.addEventListener("click", act);
  return button;
});
tools.append(chosen, ...acts, word);
word.addEventListener("keydown", (event) => {
  if (event.key === "Enter") edit("replace");
});
const sums = make("div", { class: "atelier-arcs-sums" });
const table = twin(
  () => ["source", "attention", "promotes", "contribution", "sum so far"],
  () => props.value.sources.map((one) => [tokenAt(one.position), one.attention, one.promotion, one.contribution, one.running]),
);
root.append(verdict, stage, tools, sums, table.node);

function edit(kind) {
  trigger("edit", { kind, position: picked, word: word.value });
}

function tokenAt(position) {
  return props.value.tokens[position].text;
}

// Two decimals with a real minus sign, and never a minus before zero.
function signed(value) {
  const text = value.toFixed(2);
  return Number(text) === 0 ? "0.00" : text.replace("-", "\u2212");
}

function strongest() {
  const sorted = [...props.value.sources].sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution));
  return sorted.slice(0, MOST_ARCS);
}

function pick(position) {
  picked = position;
  buttons.forEach((button, index) => set(button, "aria-pressed", index === position ? "true" : "false"));
  tools.hidden = position === null;
  if (position === null) return;
  write(chosen, `“${tokenAt(position).trim()}”`);
  acts.slice(1).forEach((button) => (button.disabled = position === 0));
}

function chips() {
  const { tokens, sources, query } = props.value;
  const top = Math.max(...sources.map((one) => Math.abs(one.contribution)), 1e-9);
  buttons = tokens.map((one, position) => {
    const source = sources[position];
    const share = source ? Math.abs(source.contribution) / top : 0;
    const side = source && source.contribution < 0 ? "suppress" : "promote";
    const said = position === query ? ", explained" : source ? `, contributes ${signed(source.contribution)}` : "";
    const rules = one.foretold ? ", a rule says active" : "";
    const button = make("button", { type: "button", dir: "auto", "aria-label": `${one.text} value ${one.value.toFixed(2)}${said}${rules}` });
    button.append(make("span", {}, one.text));
    if (one.foretold) button.append(make("span", { class: "atelier-arcs-foretold", "aria-hidden": "true" }, "▾"));
    button.style.setProperty("--strength", `${Math.round(share * 70)}%`);
    button.style.setProperty("--side", `var(--atelier-${side})`);
    button.classList.toggle("atelier-arcs-query", position === query);
    button.addEventListener("click", () => pick(picked === position ? null : position));
    return button;
  });
  line.replaceChildren(...buttons);
  buttons.forEach((button, index) => (button.tabIndex = index === query ? 0 : -1));
}

function arcs() {
  const own = stage.getBoundingClientRect();
  if (!own.width || !props.value) return;
  set(drawing, "viewBox", `0 0 ${own.width} ${own.height}`);
  const place = (position) => {
    const box = buttons[position].getBoundingClientRect();
    return [box.left - own.left + box.width / 2, box.top - own.top];
  };
  const top = Math.max(...props.value.sources.map((one) => Math.abs(one.contribution)), 1e-9);
  const [qx, qy] = place(props.value.query);
  const paths = strongest()
    .filter((one) => one.position !== props.value.query && Math.abs(one.contribution) / top > 0.04)
    .map((one) => {
      const [x, y] = place(one.position);
      const lift = Math.min(16 + Math.abs(qx - x) * 0.18, 44);
      const path = document.createElementNS(SVG, "path");
      set(path, "d", `M${x} ${y} C${x} ${y - lift} ${qx} ${qy - lift} ${qx} ${qy}`);
      set(path, "stroke", `var(--atelier-${one.contribution < 0 ? "suppress" : "promote"})`);
      set(path, "stroke-width", 1 + (3.5 * Math.abs(one.contribution)) / top);
      if (one.contribution < 0) set(path, "stroke-dasharray", "5 3");
      return path;
    });
  drawing.replaceChildren(...paths);
}

function sumRows() {
  const rows = strongest();
  const top = Math.max(...rows.map((one) => Math.abs(one.contribution)), 1e-9);
  const head = ["source", "attention", "× promotes", "= contribution"].map((label) => make("span", { class: "atelier-arcs-head" }, label));
  const cells = rows.flatMap((one) => {
    const share = (Math.abs(one.contribution) / top) * 50;
    const bar = make("span", { class: "atelier-arcs-bar", "aria-hidden": "true" });
    const side = one.contribution < 0 ? "suppress" : "promote";
    bar.style.background = `linear-gradient(90deg, transparent ${one.contribution < 0 ? 50 - share : 50}%, var(--atelier-${side}) 0 ${one.contribution < 0 ? 50 : 50 + share}%, transparent 0)`;
    return [
      make("span", { dir: "auto" }, tokenAt(one.position)),
      make("span", {}, `${(one.attention * 100).toFixed(1)} %`),
      make("span", {}, signed(one.promotion)),
      make("span", { class: "atelier-arcs-contribution" }, signed(one.contribution), bar),
    ];
  });
  const all = props.value.sources;
  const rest = all.length - rows.length;
  const total = all.length ? all[all.length - 1].running : 0;
  const note = make("p", { class: "atelier-note" }, `${rest > 0 ? `${rest} more sources; all ` : "All "}contributions sum to ${total.toFixed(3)}, the value before it is cut at 0.`);
  sums.replaceChildren(make("div", { class: "atelier-arcs-grid" }, ...head, ...cells), note);
}

function draw() {
  const value = props.value;
  const empty = !value || !value.tokens;
  root.hidden = empty;
  if (empty) return;
  write(verdict, value.verdict);
  chips();
  pick(null);
  sumRows();
  table.refresh();
  requestAnimationFrame(arcs);
}

rove(line, () => buttons);
new ResizeObserver(() => buttons.length && arcs()).observe(stage);
draw();
watch("value", draw);
