// Where everything is: frames out of base64, positions between frames, and what a place speaks for.

const NONE = 0;
const UNRELIABLE = 1;
const RELIABLE = 2;

function bytes(text) {
  const raw = atob(text);
  const out = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i += 1) out[i] = raw.charCodeAt(i);
  return out;
}

// int16 in units of reach / 32767, of `width` numbers a place; always three afterwards.
function places(text, reach, width) {
  const whole = new Int16Array(bytes(text).buffer);
  const out = new Float32Array((whole.length / width) * 3);
  for (let i = 0; i < whole.length; i += 1) out[Math.floor(i / width) * 3 + (i % width)] = (whole[i] / 32767) * reach;
  return out;
}

// Places (S, L, m, 3): `at` gives those between two steps and two layers, in one buffer that is used again.
function frames(values, steps, layers) {
  const length = values.length / (steps * layers);
  const out = new Float32Array(length);
  const one = (s, l) => values.subarray((s * layers + l) * length, (s * layers + l + 1) * length);
  return {
    count: length / 3,
    one,
    at(step, layer) {
      const s = Math.floor(step);
      const l = Math.floor(layer);
      const ds = step - s;
      const dl = layer - l;
      const a = one(s, l);
      const b = ds ? one(s + 1, l) : a;
      const c = dl ? one(s, l + 1) : a;
      const d = ds ? (dl ? one(s + 1, l + 1) : b) : c;
      for (let i = 0; i < length; i += 1) {
        const low = a[i] + (b[i] - a[i]) * ds;
        out[i] = low + (c[i] + (d[i] - c[i]) * ds - low) * dl;
      }
      return out;
    },
  };
}

// Class directions (C, 3) between two steps, of length 1 again.
function directionsAt(all, classes, step) {
  const s = Math.floor(step);
  const d = step - s;
  const out = new Float32Array(classes * 3);
  for (let c = 0; c < classes; c += 1) {
    const i = s * classes * 3 + c * 3;
    const j = d ? i + classes * 3 : i;
    const v = [0, 1, 2].map((k) => all[i + k] + (all[j + k] - all[i + k]) * d);
    const norm = Math.hypot(...v) || 1;
    for (let k = 0; k < 3; k += 1) out[c * 3 + k] = v[k] / norm;
  }
  return out;
}

// p(y|h) = softmax_y(s mu_y.h): the class with most of it, and how much; `of` asks for that of one class too.
const scores = new Float64Array(256);
const spoken = { category: 0, probability: 0, of: 0 };
function judge(values, i, mu, classes, s, of = 0) {
  let best = -Infinity;
  for (let c = 0; c < classes; c += 1) {
    const score = s * (mu[c * 3] * values[i] + mu[c * 3 + 1] * values[i + 1] + mu[c * 3 + 2] * values[i + 2]);
    scores[c] = score;
    if (score > best) [best, spoken.category] = [score, c];
  }
  let sum = 0;
  for (let c = 0; c < classes; c += 1) sum += Math.exp(scores[c] - best);
  spoken.probability = 1 / sum;
  spoken.of = Math.exp(scores[of] - best) / sum;
  return spoken;
}

function stateOf(verdict, label, tau) {
  if (!(verdict.probability > tau)) return NONE;
  return verdict.category === label ? RELIABLE : UNRELIABLE;
}

// Turns by `yaw` about the vertical and by `pitch` about the horizontal, on top of what was.
function turned(matrix, yaw, pitch) {
  const [cy, sy, cp, sp] = [Math.cos(yaw), Math.sin(yaw), Math.cos(pitch), Math.sin(pitch)];
  const turn = [cy, 0, sy, sp * sy, cp, -sp * cy, -cp * sy, sp, cp * cy];
  return turn.map((_, i) => [0, 1, 2].reduce((sum, k) => sum + turn[Math.floor(i / 3) * 3 + k] * matrix[k * 3 + (i % 3)], 0));
}

// The view from which the rays lie farthest apart, among some tried in a fixed order.
function clearestView(mu, classes, flat) {
  const identity = [1, 0, 0, 0, 1, 0, 0, 0, 1];
  if (flat) return identity;
  let found = identity;
  let most = -1;
  for (let i = 0; i < 160; i += 1) {
    const matrix = turned(identity, i * 2.39996, Math.asin(((i + 0.5) / 160) * 2 - 1));
    const ends = Array.from({ length: classes }, (_, c) => [0, 1].map((r) => [0, 1, 2].reduce((sum, k) => sum + matrix[r * 3 + k] * mu[c * 3 + k], 0)));
    let least = Infinity;
    let length = 0;
    ends.forEach(([x, y], a) => {
      length += Math.hypot(x, y);
      for (let b = 0; b < a; b += 1) least = Math.min(least, Math.hypot(x - ends[b][0], y - ends[b][1]));
    });
    const worth = least + (0.3 * length) / classes;
    if (worth > most) [most, found] = [worth, matrix];
  }
  return found;
}
