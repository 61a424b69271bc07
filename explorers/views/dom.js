// The few DOM helpers of the interactive views. Text goes in as text nodes only, never as markup.

function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) set(node, name, value);
  node.append(...children.filter((child) => child !== null));
  return node;
}

function set(node, name, value) {
  if (value === null || value === false) node.removeAttribute(name);
  else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value === true ? "" : String(value));
}

function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

// One tab stop for a row of buttons: arrows, Home and End move inside it.
function rove(container, buttons, onMove = () => {}) {
  container.addEventListener("focusin", (event) => {
    if (buttons().includes(event.target)) for (const button of buttons()) button.tabIndex = button === event.target ? 0 : -1;
  });
  container.addEventListener("keydown", (event) => {
    const list = buttons();
    const at = list.indexOf(document.activeElement);
    if (at < 0) return;
    const steps = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: list.length - 1 };
    if (!(event.key in steps)) return;
    event.preventDefault();
    const next = list[(steps[event.key] + list.length) % list.length];
    next.focus();
    onMove(next);
  });
}

function probability(value) {
  return value.toFixed(2);
}

// The table twin is built when it is opened: thousands of rows cost nothing until somebody asks for them.
function twin(headers, rows) {
  const scroll = make("div", { class: "atelier-scroll", tabindex: 0, role: "region", "aria-label": "Data table" });
  const details = make("details", { class: "atelier-twin" }, make("summary", {}, "Data table"), scroll);
  const fill = () => {
    if (!details.open) return;
    const head = make("tr", {}, ...headers().map((name) => make("th", { scope: "col" }, name)));
    const body = rows().map((cells) =>
      make("tr", {}, ...cells.map((cell, index) => make(index ? "td" : "th", index ? {} : { scope: "row" }, String(cell)))),
    );
    scroll.replaceChildren(make("table", {}, make("thead", {}, head), make("tbody", {}, ...body)));
  };
  details.addEventListener("toggle", fill);
  return { node: details, refresh: fill };
}
