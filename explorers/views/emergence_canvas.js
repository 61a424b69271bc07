// The radial picture: rays of the classes, thousands of points, some thumbnails; turned by hand.

function radialCanvas(state, on) {
  const base = make("canvas", { class: "atelier-radial-canvas", tabindex: 0, role: "application", "aria-roledescription": "radial picture" });
  const tip = make("div", { class: "atelier-radial-tip", hidden: true });
  const node = make("div", { class: "atelier-radial-stage" }, base, tip);
  let pen = null;
  let width = 0;
  let height = 0;
  let ratio = 1;
  let colours = {};
  let sprites = new Map();
  let coins = [];
  let matrix = [1, 0, 0, 0, 1, 0, 0, 0, 1];
  let home = matrix;
  let zoom = 1;
  let drag = null;
  let shown = []; // what can be pointed at: {x, y, kind, index}
  const sheet = new Image();

  function readTheme() {
    const style = getComputedStyle(node);
    const get = (name) => style.getPropertyValue(`--atelier-${name}`).trim();
    colours = { ink: get("ink"), muted: get("muted"), line: get("line"), paper: get("paper"), accent: get("accent"), edge: get("edge"), font: style.fontFamily };
    colours.classes = state.data ? state.data.classes.map((_, c) => get(`series-${(c % 10) + 1}`)) : [];
    sprites = new Map();
    coins = [];
  }

  function fit() {
    width = node.clientWidth;
    if (!width) return false; // in a hidden tab; the observer calls again
    height = Math.round(Math.min(Math.max(width * 0.82, 300), 580));
    ratio = Math.min(window.devicePixelRatio || 1, 2);
    base.width = Math.round(width * ratio);
    base.height = Math.round(height * ratio);
    base.style.width = `${width}px`;
    base.style.height = `${height}px`;
    pen = base.getContext("2d");
    return true;
  }

  function sprite(category, kind, size) {
    const key = (category * 3 + kind) * 8 + size;
    if (sprites.has(key)) return sprites.get(key);
    const radius = [1.3, 3.1, 3.3][kind] * (0.72 + size * 0.08) * ratio;
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = Math.ceil(radius * 2 + 4 * ratio);
    const own = canvas.getContext("2d");
    const middle = canvas.width / 2;
    own.beginPath();
    shape(own, kind, middle, middle, radius);
    own.fillStyle = own.strokeStyle = colours.classes[category];
    own.lineWidth = 1.2 * ratio;
    own.globalAlpha = [0.3, 0.75, 0.55][kind] + size * 0.05;
    if (kind === UNRELIABLE) own.stroke();
    else own.fill();
    sprites.set(key, canvas);
    return canvas;
  }

  function shape(own, kind, x, y, r) {
    if (kind !== UNRELIABLE) return own.arc(x, y, r, 0, 7);
    own.moveTo(x, y - r * 1.25);
    own.lineTo(x + r * 1.15, y + r * 0.85);
    own.lineTo(x - r * 1.15, y + r * 0.85);
    return own.closePath();
  }

  function coin(image) {
    if (coins[image]) return coins[image];
    const { columns, side, labels } = state.data;
    const size = 26 * ratio;
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = size;
    const own = canvas.getContext("2d");
    own.beginPath();
    own.arc(size / 2, size / 2, size / 2 - 1.5 * ratio, 0, 7);
    own.save();
    own.clip();
    own.drawImage(sheet, (image % columns) * side, Math.floor(image / columns) * side, side, side, 0, 0, size, size);
    own.restore();
    own.strokeStyle = colours.classes[labels[image]];
    own.lineWidth = 2.4 * ratio;
    own.stroke();
    coins[image] = canvas;
    return canvas;
  }

  function unit() {
    return (Math.min(width, height * 1.12) * 0.37 * zoom) / state.reach[state.mode];
  }

  // x, y on the canvas and depth (1 near, -1 far) of the place at `i`.
  const spot = { x: 0, y: 0, depth: 0 };
  function project(values, i) {
    const [x, y, z] = [values[i], values[i + 1], values[i + 2]];
    const scale = unit();
    spot.depth = Math.max(-1, Math.min(1, ((matrix[6] * x + matrix[7] * y + matrix[8] * z) * scale * 2) / Math.min(width, height)));
    const near = scale / (1 - spot.depth * 0.16);
    spot.x = width / 2 + (matrix[0] * x + matrix[1] * y + matrix[2] * z) * near;
    spot.y = height / 2 - (matrix[3] * x + matrix[4] * y + matrix[5] * z) * near;
    return spot;
  }

  function drawRings() {
    const longest = state.reach[state.mode];
    const step = state.mode === "pictures" ? longest / 2 : 1;
    pen.strokeStyle = colours.line;
    pen.lineWidth = 1;
    for (let r = step; r <= longest * 1.02; r += step) {
      pen.beginPath();
      pen.arc(width / 2, height / 2, r * unit(), 0, 7);
      pen.stroke();
    }
    pen.beginPath();
    pen.arc(width / 2, height / 2, 2, 0, 7);
    pen.fillStyle = colours.edge;
    pen.fill();
  }

  function drawRays() {
    const reach = state.reach[state.mode];
    const ends = [];
    for (let c = 0; c < state.data.classes.length; c += 1) {
      const far = state.mu.subarray(c * 3, c * 3 + 3).map((v) => v * reach);
      const { x, y, depth } = project(far, 0);
      pen.beginPath();
      pen.moveTo(width / 2, height / 2);
      pen.lineTo(x, y);
      pen.strokeStyle = colours.classes[c];
      pen.globalAlpha = 0.45 + depth * 0.25;
      pen.lineWidth = 1.5;
      pen.stroke();
      pen.globalAlpha = 1;
      ends.push({ c, x, y, depth });
    }
    return ends;
  }

  // Names stand beyond the ends of their rays; where two would touch, the lower one moves down.
  function drawNames(ends) {
    pen.font = `600 12px ${colours.font}`;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    const boxes = [];
    for (const end of [...ends].sort((a, b) => a.y - b.y)) {
      const name = state.data.classes[end.c];
      const across = end.x - width / 2;
      const down = end.y - height / 2;
      const far = Math.hypot(across, down) || 1;
      const half = pen.measureText(name).width / 2 + 4;
      let x = end.x + (across / far) * (half + 4);
      let y = end.y + (down / far) * 12;
      x = Math.max(half, Math.min(width - half, x));
      for (const box of boxes) if (Math.abs(box.x - x) < box.half + half && y < box.y + 15 && y > box.y - 15) y = box.y + 15;
      y = Math.max(9, Math.min(height - 9, y));
      boxes.push({ x, y, half });
      pen.lineWidth = 4;
      pen.strokeStyle = colours.paper;
      pen.lineJoin = "round";
      pen.strokeText(name, x, y);
      pen.fillStyle = colours.classes[end.c];
      pen.fillText(name, x, y);
    }
  }

  // Far points first: a counting sort by depth is all the order that points of a few pixels need.
  function byDepth(count, depthOf) {
    const bins = Array.from({ length: 8 }, () => []);
    for (let i = 0; i < count; i += 1) bins[Math.max(0, Math.min(7, Math.floor((depthOf(i) + 1) * 4)))].push(i);
    return bins;
  }

  function drawCloud() {
    const { values, images, states, spoken } = state.cloud;
    const bySpoken = state.colour === "spoken";
    const count = images.length;
    const spots = new Float32Array(count * 3);
    for (let i = 0; i < count; i += 1) {
      const { x, y, depth } = project(values, i * 3);
      spots[i * 3] = x;
      spots[i * 3 + 1] = y;
      spots[i * 3 + 2] = depth;
    }
    const some = state.selected.size > 0;
    byDepth(count, (i) => spots[i * 3 + 2]).forEach((bin, size) => {
      for (const kind of [NONE, UNRELIABLE, RELIABLE]) {
        for (const i of bin) {
          if (states[i] !== kind) continue;
          const image = sprite(bySpoken ? spoken[i] : state.data.labels[images[i]], kind, size);
          if (some) pen.globalAlpha = state.selected.has(i) ? 1 : 0.15;
          const side = image.width / ratio;
          pen.drawImage(image, spots[i * 3] - side / 2, spots[i * 3 + 1] - side / 2, side, side);
          if (kind !== NONE || some) shown.push({ x: spots[i * 3], y: spots[i * 3 + 1], kind: "cloud", index: i });
        }
      }
    });
    pen.globalAlpha = 1;
  }

  function drawPictures() {
    const values = state.pictures;
    const count = values.length / 3;
    const spots = [];
    for (let i = 0; i < count; i += 1) spots.push({ ...project(values, i * 3), i });
    for (const one of spots.sort((a, b) => a.depth - b.depth)) {
      const side = 26 * (0.85 + one.depth * 0.15);
      const own = state.picked && state.picked.image === one.i;
      pen.drawImage(coin(one.i), one.x - side / 2, one.y - side / 2, side, side);
      if (own) ring(one.x, one.y, side / 2 + 3);
      shown.push({ x: one.x, y: one.y, kind: "picture", index: one.i });
    }
  }

  function ring(x, y, r, colour = colours.ink, thick = 1.5) {
    pen.beginPath();
    pen.arc(x, y, r, 0, 7);
    pen.strokeStyle = colour;
    pen.lineWidth = thick;
    pen.stroke();
  }

  function drawOwn() {
    if (!state.picked) return;
    const { values, states, label, categories } = state.picked;
    for (let r = 0; r < states.length; r += 1) {
      const { x, y } = project(values, r * 3);
      const size = states[r] === NONE ? 2 : 4.6;
      pen.beginPath();
      shape(pen, states[r], x, y, size);
      pen.lineWidth = 1.4;
      pen.strokeStyle = colours.ink;
      pen.fillStyle = states[r] === UNRELIABLE ? colours.paper : colours.classes[state.colour === "spoken" ? categories[r] : label];
      pen.fill();
      pen.stroke();
      shown.push({ x, y, kind: "own", index: r });
    }
  }

  // One region's way through training at this layer (solid), and up the layers at this step (dashed).
  function drawPaths() {
    if (state.region === null || !state.picked) return;
    const along = (count, at, dash) => {
      pen.beginPath();
      for (let k = 0; k < count; k += 1) {
        const { x, y } = project(at(k), state.region * 3);
        if (k) pen.lineTo(x, y);
        else pen.moveTo(x, y);
      }
      pen.setLineDash(dash);
      pen.lineWidth = 2;
      pen.strokeStyle = colours.ink;
      pen.stroke();
      pen.setLineDash([]);
      for (let k = 0; k < count; k += 1) {
        const { x, y } = project(at(k), state.region * 3);
        pen.beginPath();
        pen.arc(x, y, 1.5 + (2.5 * k) / count, 0, 7);
        pen.fillStyle = colours.ink;
        pen.fill();
      }
    };
    along(state.data.steps.length, (s) => state.picked.frames.one(s, state.target.layer), []);
    along(state.data.layers.length, (l) => state.picked.frames.one(state.target.step, l), [3, 4]);
    const { x, y } = project(state.picked.values, state.region * 3);
    ring(x, y, 8, colours.accent, 2.5);
  }

  function draw() {
    if (!state.data || !pen || !width) return;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    shown = [];
    drawRings();
    const ends = drawRays();
    if (state.mode === "pictures") drawPictures();
    else {
      drawCloud();
      drawOwn();
      drawPaths();
    }
    drawNames(ends);
    if (drag && drag.trail) drawLasso();
  }

  function drawLasso() {
    pen.beginPath();
    drag.trail.forEach(([x, y], k) => (k ? pen.lineTo(x, y) : pen.moveTo(x, y)));
    pen.closePath();
    pen.fillStyle = pen.strokeStyle = colours.accent;
    pen.globalAlpha = 0.12;
    pen.fill();
    pen.globalAlpha = 1;
    pen.lineWidth = 1.5;
    pen.stroke();
  }

  function nearest(x, y) {
    let found = null;
    let least = 14 * 14;
    for (const one of shown) {
      const distance = (one.x - x) ** 2 + (one.y - y) ** 2 - (one.kind === "own" ? 30 : 0);
      if (distance < least) [found, least] = [one, distance];
    }
    return found;
  }

  function hint(one) {
    tip.hidden = !one;
    base.style.cursor = one ? "pointer" : "grab";
    if (!one) return;
    tip.replaceChildren(...on.describe(one));
    const left = one.x + 16 + tip.offsetWidth > width ? one.x - 16 - tip.offsetWidth : one.x + 16;
    tip.style.left = `${Math.max(0, left)}px`;
    tip.style.top = `${Math.max(0, Math.min(one.y - 20, height - tip.offsetHeight))}px`;
  }

  function inside(x, y, trail) {
    let odd = false;
    for (let i = 0, j = trail.length - 1; i < trail.length; j = i, i += 1) {
      const [xi, yi] = trail[i];
      const [xj, yj] = trail[j];
      if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) odd = !odd;
    }
    return odd;
  }

  const place = (event) => {
    const box = base.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  base.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    const [x, y] = place(event);
    drag = { x, y, moved: 0, trail: event.shiftKey && state.mode === "regions" ? [[x, y]] : null };
    base.setPointerCapture(event.pointerId);
  });
  base.addEventListener("pointermove", (event) => {
    const [x, y] = place(event);
    if (!drag) return hint(state.moving ? null : nearest(x, y));
    drag.moved += Math.abs(x - drag.x) + Math.abs(y - drag.y);
    if (drag.trail) drag.trail.push([x, y]);
    else if (drag.moved > 3 && state.data.dimensions === 3) matrix = turned(matrix, (x - drag.x) * 0.009, (y - drag.y) * 0.009);
    [drag.x, drag.y] = [x, y];
    if (drag.moved > 3) hint(null);
    draw();
  });
  base.addEventListener("pointerup", (event) => {
    const last = drag;
    drag = null;
    if (!last) return;
    const [x, y] = place(event);
    if (last.trail && last.moved > 8) {
      const hits = shown.filter((one) => one.kind === "cloud" && inside(one.x, one.y, last.trail));
      on.lasso(hits.map((one) => one.index));
    } else if (last.moved < 5) on.pick(nearest(x, y));
    draw();
  });
  base.addEventListener("pointercancel", () => { drag = null; draw(); });
  base.addEventListener("pointerleave", () => drag || hint(null));
  base.addEventListener("keydown", (event) => {
    const turns = { ArrowLeft: [-0.12, 0], ArrowRight: [0.12, 0], ArrowUp: [0, -0.12], ArrowDown: [0, 0.12] };
    if (event.key in turns && state.data.dimensions === 3) matrix = turned(matrix, ...turns[event.key]);
    else if (event.key === "+" || event.key === "=") zoom = Math.min(4, zoom * 1.15);
    else if (event.key === "-") zoom = Math.max(0.5, zoom / 1.15);
    else if (event.key === "Home") [matrix, zoom] = [home, 1];
    else if (event.key === "Escape") on.lasso([]);
    else return;
    event.preventDefault();
    hint(null);
    draw();
  });

  function redraw() {
    if (!state.data) return;
    readTheme();
    if (fit()) draw();
  }

  function load() {
    [home, zoom] = [clearestView(state.finalMu, state.data.classes.length, state.data.dimensions === 2), 1];
    matrix = home;
    sheet.onload = redraw;
    sheet.src = state.data.sheet;
    set(base, "aria-label", `Radial picture of ${state.data.title}: each ray is a class, distance from the middle is strength. Drag or press arrow keys to turn, plus and minus to zoom, Home to begin again. The data table below holds the same numbers.`);
    redraw();
  }

  return { node, sheet, draw, redraw, load, image: () => base.toDataURL("image/png") };
}
