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
const waiting = make("p", { class: "atelier-note" }, "Explain a sentence to see here which of its tokens the feature's value at a token comes from.");
const body = make("div", { class: "atelier-arcs-body" }, verdict, stage, tools, sums, table.node);
root.append(waiting, body);

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

function percent(share) {
  return `${(share * 100).toFixed(1)} %`;
}

function strongest() {
  const sorted = [...props.value.sources].sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution));
  return sorted.slice(0, MOST_ARCS);
}

// The strongest sources in the order of the sentence, then all others at once: what each adds to the sum before it.
function steps() {
  const all = props.value.sources;
  const total = all[all.length - 1].running;
  let sum = 0;
  const rows = strongest()
    .sort((a, b) => a.position - b.position)
    .map((one) => {
      sum += one.contribution;
      return { name: tokenAt(one.position), attention: percent(one.attention), promotion: signed(one.promotion), from: sum - one.contribution, to: sum };
    });
  const left = all.length - rows.length;
  if (left > 0) rows.push({ name: `${left} others`, attention: "", promotion: "", from: sum, to: total });
  return [...rows, { name: "sum", attention: "", promotion: "", from: 0, to: total }];
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
    const given = source ? `, ${percent(source.attention)} of the attention, contributes ${signed(source.contribution)}` : "";
    const said = `value ${one.value.toFixed(2)}${position === query ? ", explained" : ""}${given}${one.foretold ? ", a rule says active" : ""}`;
    const button = make("button", { type: "button", dir: "auto", title: said, "aria-label": `${one.text} ${said}` });
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
  const { strong, active } = props.value;
  const rows = steps();
  const ends = rows.flatMap((one) => [one.from, one.to]);
  const low = Math.min(0, ...ends);
  const high = Math.max(0, strong, ...ends);
  const at = (value) => `${(100 * (value - low)) / Math.max(high - low, 1e-9)}%`;
  const head = ["source", "attention", "× promotes", "= contribution, step by step"].map((label) => make("span", { class: "atelier-arcs-head" }, label));
  const cells = rows.flatMap((one, index) => {
    const whole = index === rows.length - 1;
    const side = one.to < one.from ? "suppress" : "promote";
    const step = make("span", { class: "atelier-arcs-step" });
    step.style.left = at(Math.min(one.from, one.to));
    step.style.width = `calc(${at(Math.max(one.from, one.to))} - ${at(Math.min(one.from, one.to))})`;
    step.style.background = whole ? "var(--atelier-ink)" : `var(--atelier-${side})`;
    const zero = make("span", { class: "atelier-arcs-mark" });
    zero.style.left = at(0);
    const from = make("span", { class: "atelier-arcs-mark atelier-arcs-strong" });
    from.style.left = at(strong);
    const lane = make("span", { class: "atelier-arcs-lane", "aria-hidden": "true" }, zero, from, step);
    const name = make("span", { dir: "auto" }, one.name);
    name.classList.toggle("atelier-arcs-sum", whole);
    return [name, make("span", {}, one.attention), make("span", {}, one.promotion), make("span", { class: "atelier-arcs-contribution" }, signed(one.to - one.from), lane)];
  });
  const grid = make("div", { class: "atelier-arcs-grid" }, ...head, ...cells);
  sums.replaceChildren(grid, make("p", { class: "atelier-note" }, outcome(rows[rows.length - 1].to, active, strong)));
}

// What becomes of the sum: it is cut at 0, and silent too where other features of the head are larger.
function outcome(total, active, strong) {
  const line = `Dashed line: strong from ${strong.toFixed(2)}.`;
  if (active > 0) return `The contributions sum to ${signed(total)}, and the feature is active with ${active.toFixed(2)}. ${line}`;
  if (total > 0) return `The contributions sum to ${signed(total)}, but other features of the head are larger, and only the largest are active: 0. ${line}`;
  return `The contributions sum to ${signed(total)}, which is cut at 0: the feature is silent. ${line}`;
}

function draw() {
  const value = props.value;
  const empty = !value || !value.tokens;
  waiting.hidden = !empty;
  body.hidden = empty;
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
