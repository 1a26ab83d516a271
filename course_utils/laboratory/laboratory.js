// The laboratory: a convolution as numbers, live, without a kernel of Jupyter.
//
// An anywidget module: `export default { render({ model, el }) }`. Its state is one plain object,
// `model.get("state")`, so Python, a web page and a test start it in the same way. First the
// numbers, pure functions on nested arrays that are compared with PyTorch; then the drawing.

export const VERSION = 1;

// ---------------------------------------------------------------------------------- the numbers

const { PI, abs, cos, exp, floor, log, log10, max, min, round, sin, sqrt } = Math;

const zeros = (n, ...rest) =>
  Array.from({ length: n }, () => (rest.length ? zeros(...rest) : 0));
const shape = x => (Array.isArray(x) ? [x.length, ...(x.length ? shape(x[0]) : [])] : []);
const turned = k => k.map(row => row.slice().reverse()).reverse();
const map = (x, f) => (Array.isArray(x) ? x.map(v => map(v, f)) : f(x));
const pair = (a, b, f) => (Array.isArray(a) ? a.map((v, i) => pair(v, b[i], f)) : f(a, b));
const sum = values => values.reduce((a, b) => a + b, 0);
const flat = x => x.flat(9);

export const outputSize = (n, k, { stride = 1, padding = 0, dilation = 1 } = {}) =>
  max(0, floor((n + 2 * padding - dilation * (k - 1) - 1) / stride) + 1);

// Visit every product of a convolution: output [f][r][c], input [ch][y][x], weight [i][j].
function walk([channels, height, width], [filters, , kh, kw], g, visit) {
  const { stride = 1, padding = 0, dilation = 1, flip = false } = g;
  const rows = outputSize(height, kh, g), columns = outputSize(width, kw, g);
  for (let f = 0; f < filters; f++)
    for (let r = 0; r < rows; r++)
      for (let c = 0; c < columns; c++)
        for (let ch = 0; ch < channels; ch++)
          for (let i = 0; i < kh; i++) {
            const y = r * stride + i * dilation - padding;
            if (y < 0 || y >= height) continue;
            for (let j = 0; j < kw; j++) {
              const x = c * stride + j * dilation - padding;
              if (x < 0 || x >= width) continue;
              visit(f, r, c, ch, y, x, flip ? kh - 1 - i : i, flip ? kw - 1 - j : j);
            }
          }
}

// x [C][H][W], w [F][C][KH][KW], b [F]; g: stride, padding, dilation, flip (true convolution).
export function conv2d(x, w, b, g = {}) {
  const [, h, v] = shape(x), [n, , kh, kw] = shape(w);
  const out = zeros(n, outputSize(h, kh, g), outputSize(v, kw, g));
  walk(shape(x), shape(w), g, (f, r, c, ch, y, q, i, j) => {
    out[f][r][c] += x[ch][y][q] * w[f][ch][i][j];
  });
  return b ? out.map((plane, f) => map(plane, value => value + b[f])) : out;
}

export function conv2dBackward(x, w, dout, g = {}) {
  const dx = zeros(...shape(x)), dw = zeros(...shape(w));
  walk(shape(x), shape(w), g, (f, r, c, ch, y, q, i, j) => {
    dx[ch][y][q] += dout[f][r][c] * w[f][ch][i][j];
    dw[f][ch][i][j] += dout[f][r][c] * x[ch][y][q];
  });
  return { dx, dw, db: dout.map(plane => sum(flat(plane))) };
}

export const correlate2d = (x, k, g = {}) => conv2d([x], [[k]], null, g)[0];

const largeSize = (n, k, { stride = 1, padding = 0, dilation = 1 }) =>
  (n - 1) * stride - 2 * padding + dilation * (k - 1) + 1;

// x [C][H][W], w [C][F][KH][KW]: what the backward pass of a convolution does to its input.
export function convTranspose2d(x, w, g = {}) {
  const [, h, v] = shape(x), [, n, kh, kw] = shape(w);
  const out = zeros(n, largeSize(h, kh, g), largeSize(v, kw, g));
  walk(shape(out), shape(w), g, (f, r, c, ch, y, q, i, j) => {
    out[ch][y][q] += x[f][r][c] * w[f][ch][i][j];
  });
  return out;
}

// The first of equal maxima wins, as in PyTorch; `from` says which pixel that was.
export function maxPool2d(x, { size = 2, stride = size } = {}) {
  const from = x.map(plane => zeros(outputSize(plane.length, size, { stride }),
    outputSize(plane[0].length, size, { stride })).map((row, r) => row.map((_, c) => {
    let best = [r * stride, c * stride];
    for (let i = 0; i < size; i++)
      for (let j = 0; j < size; j++) {
        const at = [r * stride + i, c * stride + j];
        if (plane[at[0]][at[1]] > plane[best[0]][best[1]]) best = at;
      }
    return best;
  })));
  return { out: from.map((rows, ch) => rows.map(row => row.map(([y, q]) => x[ch][y][q]))), from };
}

export function maxPool2dBackward(x, from, dout) {
  const dx = zeros(...shape(x));
  from.forEach((rows, ch) => rows.forEach((row, r) => row.forEach(([y, q], c) => {
    dx[ch][y][q] += dout[ch][r][c];
  })));
  return dx;
}

export const relu = x => map(x, v => max(0, v));
export const linear = (x, w, b) => w.map((row, k) => sum(row.map((v, i) => v * x[i])) + b[k]);

export function softmax(z) {
  const top = max(...z), e = z.map(v => exp(v - top)), total = sum(e);
  return e.map(v => v / total);
}

export function crossEntropy(z, label) {
  const top = max(...z);
  return log(sum(z.map(v => exp(v - top)))) + top - z[label];
}

// p: { w [F][1][KH][KW], b [F], v [K][D], c [K] }; image [H][W]. All numbers, there and back.
export function network(p, image, label) {
  const x = [image], z = conv2d(x, p.w, p.b), a = relu(z), { out: m, from } = maxPool2d(a);
  const d = flat(m), y = linear(d, p.v, p.c), q = softmax(y), loss = crossEntropy(y, label);
  const dy = q.map((value, k) => value - (k === label ? 1 : 0));
  const dv = dy.map(e => d.map(value => e * value));
  const dd = d.map((_, i) => sum(dy.map((e, k) => e * p.v[k][i])));
  const [f, r, c] = shape(m);
  const dm = zeros(f, r, c).map((plane, i) => plane.map((row, j) => row.map((_, k) =>
    dd[(i * r + j) * c + k])));
  const da = maxPool2dBackward(a, from, dm);
  const dz = pair(da, z, (e, value) => (value > 0 ? e : 0));
  const back = conv2dBackward(x, p.w, dz);
  return {
    x: image, z, a, m, d, y, q, loss, from,
    dx: back.dx[0], dz, da, dm, dy, dw: back.dw, db: back.db, dv, dc: dy,
  };
}

export const descended = (p, n, rate) => {
  const step = (value, slope) => value - rate * slope;
  return { w: pair(p.w, n.dw, step), b: pair(p.b, n.db, step), v: pair(p.v, n.dv, step),
    c: pair(p.c, n.dc, step) };
};

// layers: { k, s, d, p } from the input upwards. How many ways lead from `unit` down to each place
// of every level: [{ place: ways }, …], the input first. Places below 0 lie in the padding.
export function ways(layers, unit = 0) {
  let row = new Map([[unit, 1]]);
  const levels = [row];
  for (const { k, s = 1, d = 1, p = 0 } of layers.slice().reverse()) {
    const below = new Map();
    for (const [place, count] of row)
      for (let tap = 0; tap < k; tap++) {
        const at = s * place + d * tap - p;
        below.set(at, (below.get(at) || 0) + count);
      }
    levels.unshift((row = new Map([...below].sort((a, b) => a[0] - b[0]))));
  }
  return levels;
}

export function fields(layers) {
  let size = 1, jump = 1, start = 0;
  return layers.map(({ k, s = 1, d = 1, p = 0 }) => {
    size += d * (k - 1) * jump;
    start -= p * jump;
    jump *= s;
    return { size, jump, start };
  });
}

export const OPTIMISERS = ["SGD", "AdaGrad", "RMSprop", "Adam"];

export function hessian(conditioning, angle = 0) {
  const c = cos((angle * PI) / 180), s = sin((angle * PI) / 180);
  const k = conditioning;
  return [[c * c + k * s * s, (1 - k) * c * s], [(1 - k) * c * s, s * s + k * c * c]];
}

// The way down the bowl ½ wᵀAw, with the formulas of torch.optim.
export function descend({ optimiser, lr, momentum = 0 }, { conditioning, angle = 0, start, steps }) {
  const A = hessian(conditioning, angle), turn = (angle * PI) / 180;
  const [c, s] = [cos(turn), sin(turn)];
  let w = [c * start[0] - s * start[1], s * start[0] + c * start[1]];
  let m = [0, 0], v = [0, 0];
  const path = [w];
  for (let t = 1; t <= steps; t++) {
    const g = A.map(row => row[0] * w[0] + row[1] * w[1]);
    w = w.map((value, i) => {
      if (optimiser === "SGD") {
        m[i] = t === 1 ? g[i] : momentum * m[i] + g[i];
        return value - lr * m[i];
      }
      if (optimiser === "AdaGrad") {
        v[i] += g[i] ** 2;
        return value - (lr * g[i]) / (sqrt(v[i]) + 1e-10);
      }
      if (optimiser === "RMSprop") {
        v[i] = 0.99 * v[i] + 0.01 * g[i] ** 2;
        return value - (lr * g[i]) / (sqrt(v[i]) + 1e-8);
      }
      m[i] = momentum * m[i] + (1 - momentum) * g[i];
      v[i] = 0.999 * v[i] + 0.001 * g[i] ** 2;
      const spread = sqrt(v[i]) / sqrt(1 - 0.999 ** t) + 1e-8;
      return value - ((lr / (1 - momentum ** t)) * m[i]) / spread;
    });
    path.push(w);
  }
  const losses = path.map(([a, b]) => (A[0][0] * a * a + 2 * A[0][1] * a * b + A[1][1] * b * b) / 2);
  return { path, losses };
}

// -------------------------------------------------------------------------- words and small parts

export function text(v) {
  if (Number.isNaN(v)) return "";
  if (!Number.isFinite(v)) return v > 0 ? "∞" : "−∞";
  const t = abs(v) >= 1e4 ? v.toExponential(1) : String(round(v * 100) / 100);
  return (t === "-0" ? "0" : t).replace("-", "−").replace("e+", "e");
}
const factor = v => (v < 0 ? `(${text(v)})` : text(v));
const place = (...at) => `[${at.join(", ")}]`;
const by = x => shape(x).slice(-2).join("×");
const several = (n, one) => `${n} ${one}${n === 1 ? "" : "s"}`;

function written(terms, total, more = "") {
  const shown = terms.slice(0, 27).map(([a, b]) => `${factor(a)}·${factor(b)}`);
  if (terms.length > 27) shown.push(`${terms.length - 27} more`);
  return `${shown.join(" + ") || "0"}${more} = ${text(total)}`;
}

const SVG = new Set(["svg", "path", "circle", "line", "text", "ellipse", "polyline"]);
function h(tag, props = {}, ...kids) {
  const node = SVG.has(tag) ? document.createElementNS("http://www.w3.org/2000/svg", tag)
    : document.createElement(tag);
  // JupyterLab would take the arrow keys, and Enter, from whatever has the focus.
  if (!SVG.has(tag)) node.setAttribute("data-lm-suppress-shortcuts", true);
  for (const [name, value] of Object.entries(props))
    if (typeof value === "function") node[name] = value;
    else if (value !== false && value != null) node.setAttribute(name, value === true ? "" : value);
  node.append(...kids);
  return node;
}

const clamp = (v, low, high) => min(high, max(low, v));
const KEYS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
const LETTERS = "abcdefghijklmnopqrstuvwxyz";
const letter = n => LETTERS[n % 26] + (n < 26 ? "" : floor(n / 26));

const CSS = `
.lab{--ink:#1e2430;--pale:#596273;--card:#fcfcfb;--line:#e1e3e8;--edge:#ccd2da;--zero:#fff;
 --pos:#f0a083;--neg:#8dbde6;--accent:#b54f00;--soft:#ffeedd;--blue:#0062cc;--count:#b9ded4;
 --hatch:#e6e9ee;--grey:#8b919c;position:relative;box-sizing:border-box;margin:.25rem 0 1.25rem;max-width:880px;
 padding:1.1rem 1.35rem 1.2rem;border:1px solid var(--line);border-radius:14px;background:var(--card);
 color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif;
 font-variant-numeric:tabular-nums}
:is([data-theme=dark],[data-jp-theme-light=false],.vscode-dark) .lab{color-scheme:dark;--ink:#e9ebef;--pale:#abb4c1;
 --card:#1a1e25;--line:#323945;--edge:#424b59;--zero:#232932;--pos:#9c452d;--neg:#2a659f;
 --accent:#ffab70;--soft:#45301e;--blue:#7db8ff;--count:#24594d;--hatch:#323a46;--grey:#5f6a7a}
*{box-sizing:border-box}
[hidden]{display:none!important}
.head{display:flex;flex-wrap:wrap;gap:.2rem .8rem;align-items:baseline;margin-bottom:.7rem}
.head b{font-size:1.06rem;font-weight:650}
.head span{color:var(--pale);font-size:.87rem}
.controls{display:flex;flex-wrap:wrap;gap:.5rem 1.3rem;align-items:center;margin-bottom:1rem}
label{display:inline-flex;white-space:nowrap;max-width:100%;gap:.5rem;align-items:center;margin:0;color:var(--pale);
 font-size:.9rem;min-height:26px;font-weight:400}
label b{min-width:1.3em;color:var(--ink);font-weight:600}
input[type=range]{width:92px;height:24px;margin:0;accent-color:var(--accent);padding:0}
input[type=checkbox]{width:24px;height:24px;margin:0;accent-color:var(--accent)}
:is(select,button,input[type=file]){min-height:32px;padding:.15rem .7rem;margin:0;
 border:1px solid var(--edge);border-radius:8px;background:var(--zero);color:var(--ink);
 font:inherit;font-size:.9rem}
button{cursor:pointer}
button:hover{border-color:var(--accent)}
button[aria-pressed=true]{background:var(--soft);border-color:var(--accent)}
:is(select,button,input,[tabindex]):focus-visible{outline:3px solid var(--blue);
 outline-offset:1px;z-index:4}
input[type=file]{width:100%}
.stage{position:relative;display:flex;flex-direction:column;gap:1.3rem}
.line{display:flex;flex-wrap:wrap;gap:1rem 1.5rem;align-items:center}
.line.top{align-items:flex-start}
.sign{color:var(--pale);font-size:1.25rem;line-height:1}
.title{color:var(--pale);font-size:.84rem;margin-bottom:.3rem;white-space:nowrap}
.box{position:relative;z-index:1;width:max-content;max-width:100%}
.grid{border-top:1px solid var(--edge);border-left:1px solid var(--edge);
 border-radius:3px;width:max-content}
[role=row]{display:flex}
.cell{position:relative;width:var(--cell);height:var(--cell);display:flex;align-items:center;
 justify-content:center;border-right:1px solid var(--edge);border-bottom:1px solid var(--edge);
 background:color-mix(in srgb,var(--to,var(--zero)) var(--p,0%),var(--zero));
 font-size:calc(var(--cell)*.4);line-height:1;user-select:none}
.cell.long{font-size:calc(var(--cell)*.31)}
.cell.longer{font-size:calc(var(--cell)*.25)}
.tiny .cell{font-size:0}
.pick .cell{cursor:pointer}
.cell.pad{background:repeating-linear-gradient(45deg,var(--zero) 0 4px,var(--hatch) 4px 6px);
 color:var(--pale)}
.cell.lit{box-shadow:inset 0 0 0 2px var(--accent)}
.cell.chosen{box-shadow:inset 0 0 0 3px var(--accent);font-weight:700}
.cell.wrong{box-shadow:inset 0 0 0 3px var(--blue)}
.cell sup{position:absolute;top:1px;left:3px;font-size:calc(var(--cell)*.29);
 font-style:italic;color:var(--ink);line-height:1}
.cell input{position:absolute;inset:-2px;width:calc(100% + 4px);min-width:46px;
 height:calc(100% + 4px);padding:0 2px;border:2px solid var(--blue);border-radius:4px;
 background:var(--zero);color:var(--ink);font:inherit;font-size:15px;text-align:center;z-index:5}
.frame{position:absolute;left:0;top:0;border:3px solid var(--accent);border-radius:4px;
 pointer-events:none;transition:transform .28s,width .28s,height .28s;z-index:2}
.none{padding:.8rem 1rem;border:1.5px dashed var(--edge);border-radius:8px;color:var(--pale)}
.link{position:absolute;inset:0;width:100%;height:100%;pointer-events:none;overflow:visible;
 z-index:0}
.link path{fill:none;stroke:var(--accent);stroke-width:1.6;stroke-dasharray:2 5;
 stroke-linecap:round}
.say{margin:1rem 0 0;min-height:1.5em;overflow-wrap:anywhere}
.wrongly{margin:.5rem 0 0;padding:.45rem .8rem;border-left:4px solid var(--accent);
 background:var(--soft);border-radius:4px}
.wrongly:empty{display:none}
.hint{margin:.35rem 0 0;color:var(--pale);font-size:.84rem}
canvas{display:block;width:100%;max-width:330px;border-radius:6px;image-rendering:pixelated;
 cursor:crosshair;touch-action:none}
.photo{position:relative;flex:1 1 200px;max-width:330px}
svg.draw{display:block;width:100%;height:auto;overflow:visible}
svg text{fill:var(--pale);font-size:13px}
ol{margin:0;padding-left:1.5rem;font-size:.92rem}
@media (prefers-reduced-motion:reduce){.lab .frame{transition:none}}
@media (max-width:600px){.lab{padding:.8rem .75rem 1rem;border-radius:10px}
.lab .line{gap:.7rem .6rem}.lab input[type=range]{width:110px}}
`;

// ------------------------------------------------------------------------------- a table of numbers

// One tab stop; arrows move inside, Enter or typing edits where `edit` is given.
function grid(lab, name, { pick, edit, hover } = {}) {
  const body = h("div", { class: `grid${pick ? " pick" : ""}`, role: "grid", "data-name": name });
  const frame = h("i", { class: "frame", "aria-hidden": "true", hidden: true });
  const title = h("div", { class: "title" }), none = h("div", { class: "none", hidden: true });
  const box = h("div", { class: "box" }, body, frame);
  const el = h("div", {}, title, box, none);
  let cells = [], here = [0, 0], size = "", cell = 0;

  const at = event => {
    const node = event.target.localName === "input" ? null : event.target.closest(".cell");
    return node && node.at;
  };
  const focus = (r, c) => {
    cells[here[0]]?.[here[1]]?.setAttribute("tabindex", -1);
    here = [r, c];
    cells[r][c].setAttribute("tabindex", 0);
  };
  function open(r, c, first) {
    const node = cells[r][c], old = body.array[r][c];
    if (!edit || node.classList.contains("pad")) return;
    const input = h("input", { inputmode: "decimal", autocomplete: "off",
      "aria-label": `new value of ${name} ${place(r, c)}` });
    input.value = first ?? text(old).replace("−", "-");
    let done = false;
    const close = keep => {
      if (done) return;
      done = true;
      const raw = input.value.trim(), value = Number(raw.replace("−", "-").replace(",", "."));
      input.remove();
      if (!keep) return;
      if (raw === "" || !Number.isFinite(value) || abs(value) > 1e6)
        lab.wrong(`“${raw.slice(0, 20)}” is no number that can be used here: ${text(old)} stays.`);
      else if (value !== old) edit(r, c, value);
    };
    input.onkeydown = event => {
      if (event.key !== "Enter" && event.key !== "Escape") return;
      event.preventDefault();
      close(event.key === "Enter");
      cells[r]?.[c]?.focus();
    };
    input.onblur = () => close(true);
    node.append(input);
    input.focus();
    if (first == null) input.select();
  }
  body.onclick = event => {
    const where = at(event);
    if (!where) return;
    const again = event.detail && edit && here.join() === where.join() && body.touched;
    body.touched = true;
    focus(...where);
    cells[where[0]][where[1]].focus();
    if (again) open(...where);
    else pick?.(...where);
  };
  body.onfocusout = () => setTimeout(() => {
    if (!body.contains(document.activeElement)) body.touched = false;
  });
  if (hover) body.onmouseover = event => at(event) && hover(...at(event));
  body.onkeydown = event => {
    const where = at(event), move = KEYS[event.key];
    if (!where || event.ctrlKey || event.metaKey || event.altKey) return;
    if (move) {
      const r = clamp(where[0] + move[0], 0, cells.length - 1);
      const c = clamp(where[1] + move[1], 0, cells[0].length - 1);
      focus(r, c);
      cells[r][c].focus();
      pick?.(r, c);
      if (!pick) hover?.(r, c);
    } else if (event.key === "Enter" || event.key === "F2") edit ? open(...where) : pick?.(...where);
    else if (event.key === " ") pick?.(...where);
    else if (edit && /^[\d.,−-]$/.test(event.key)) open(...where, event.key);
    else return;
    event.preventDefault();
  };

  function update(array, o = {}) {
    const [rows, columns] = shape(array), words_ = o.title ?? name;
    title.textContent = words_;
    body.setAttribute("aria-label", words_);
    body.array = array;
    box.hidden = !rows || !columns;
    none.hidden = !box.hidden;
    none.textContent = o.none || "no output";
    if (box.hidden) return;
    cell = o.cell || lab.cell(columns);
    el.style.setProperty("--cell", `${cell}px`);
    body.classList.toggle("tiny", cell < 21);
    if (size !== `${rows},${columns}`) {
      size = `${rows},${columns}`;
      cells = array.map((line, r) => line.map((_, c) => {
        const node = h("div", { role: "gridcell", class: "cell", tabindex: -1 });
        node.at = [r, c];
        return node;
      }));
      body.replaceChildren(...cells.map(line => h("div", { role: "row" }, ...line)));
      here = [min(here[0], rows - 1), min(here[1], columns - 1)];
      cells[here[0]][here[1]].setAttribute("tabindex", 0);
    }
    const top = o.max || max(...flat(array).map(v => abs(v) || 0)) || 1, pad = o.pad || 0;
    const [cr, cc] = o.chosen || [];
    for (let r = 0; r < rows; r++)
      for (let c = 0; c < columns; c++) {
        const node = cells[r][c], value = array[r][c];
        const shown = o.compact ? text(value).replace("0.", ".") : text(value);
        const edge = r < pad || c < pad || r >= rows - pad || c >= columns - pad;
        const is = r === cr && c === cc, mark = o.letters?.get(`${r},${c}`) || "";
        const share = round(min(1, o.grey ? 1 - value : abs(value) / top) * 100) || 0;
        const look = `cell${shown.length > 6 ? " longer" : shown.length > 4 ? " long" : ""}${
          edge ? " pad" : ""}${is ? " chosen" : ""} ${o.look?.(r, c) || ""}`;
        const key = `${shown}|${look}|${share}|${value < 0}|${mark}|${words_}|${value}`;
        if (node.key === key) continue;
        node.key = key;
        node.className = look;
        node.textContent = shown;
        if (mark) node.append(h("sup", { "aria-hidden": "true" }, mark));
        node.style.setProperty("--p", `${share}%`);
        node.style.setProperty("--to", o.count ? "var(--count)" : o.grey ? "var(--grey)" : value < 0 ? "var(--neg)" : "var(--pos)");
        node.setAttribute("aria-label", `${words_} ${place(r - pad, c - pad)}: ${
          edge ? "padding, " : ""}${text(value) || "nothing"}${mark ? `, ${mark}` : ""}`);
        if (pick) node.setAttribute("aria-selected", is);
      }
    frame.hidden = !o.frame;
    if (o.frame) {
      const [r, c, high, wide] = o.frame;
      frame.style.width = `${wide * cell + 3}px`;
      frame.style.height = `${high * cell + 3}px`;
      frame.style.transform = `translate(${c * cell - 1}px,${r * cell - 1}px)`;
    }
  }
  return { el, frame, update, node: (r, c) => cells[r]?.[c] };
}

// ------------------------------------------------------------------------------------ one laboratory

const isNumber = v => typeof v === "number" && Number.isFinite(v);
function isArray(x, depth) {
  if (!depth) return isNumber(x);
  return Array.isArray(x) && x.length > 0 && x.every(v => isArray(v, depth - 1)
    && shape(v).join() === shape(x[0]).join());
}
const GEOMETRY = { stride: [1, 8], padding: [0, 8], dilation: [1, 8] };

function trouble(state) {
  if (state.version !== VERSION)
    return `This page was stored for version ${state.version} of the laboratory, and this is version ${
      VERSION}: run the cell again.`;
  const mode = MODES[state.mode];
  if (!mode) return `The laboratory has no mode “${state.mode}”.`;
  state = { ...mode.start, ...state };
  for (const [name, depth] of Object.entries(mode.arrays || {}))
    if (!isArray(state[name], depth))
      return `“${name}” must be an array of ${depth} axes that holds numbers only.`;
  for (const [name, [low, high]] of Object.entries(GEOMETRY))
    if (name in state && !(Number.isInteger(state[name]) && state[name] >= low && state[name] <= high))
      return `“${name}” must be a whole number from ${low} to ${high}, not ${state[name]}.`;
  return mode.check?.(state) || "";
}

function start(model, el) {
  const mode = MODES[model.get("state").mode];
  let s = { ...mode.start, ...model.get("state") }, timer = null, ready = false, tied = null;
  const say = h("p", { class: "say", role: "status", "aria-live": "polite" });
  const wrongly = h("p", { class: "wrongly", role: "alert" });
  const controls = h("div", { class: "controls" }), stage = h("div", { class: "stage" });
  const link = h("svg", { class: "link", "aria-hidden": "true" }, h("path"));
  const root = h("div", { class: "lab", role: "group", "aria-label": `Laboratory: ${mode.name}` },
    h("div", { class: "head" }, h("b", {}, mode.name), h("span", {}, mode.hint)),
    controls, stage, say, wrongly, h("p", { class: "hint" }, mode.keys || ""));
  el.append(root);
  const syncs = [], grids = {};
  const lab = {
    stage, controls, extra: {},
    get s() { return s; },
    get width() { return max(220, (root.clientWidth || 640) - 46); },
    cell(columns, most = 38) {
      if (lab.width < 400) most = min(most, 30);
      const wanted = columns <= 6 ? most : columns <= 9 ? 32 : columns <= 12 ? 27 : 16;
      return floor(clamp(min(wanted, lab.width / columns), 9, most));
    },
    grid(name, options) { return (grids[name] = grid(lab, name, options)); },
    row: (...kids) => h("div", { class: "line" }, ...kids.map(kid =>
      typeof kid === "string" ? h("span", { class: "sign", "aria-hidden": "true" }, kid)
        : kid.el || kid)),
    column: (...kids) => h("div", { class: "stage", style: "gap:.7rem" }, ...kids.map(kid => kid.el || kid)),
    say(sentence) { if (say.textContent !== sentence) say.textContent = sentence; },
    wrong(sentence) { wrongly.textContent = sentence; },
    tie(from, to) { tied = [from, to]; },
    set(patch, quiet) {
      const next = { ...s, ...patch }, problem = trouble(next);
      wrongly.textContent = problem ? `${problem}` : "";
      if (!problem) s = next;
      syncs.forEach(sync => sync());
      draw();
      if (quiet || problem) return;
      model.set("state", s);
      model.save_changes();
    },
    range(label, key, low, high, step = 1, { show = text, of = v => v, back = v => v } = {}) {
      const out = h("b"), get = typeof key === "string" ? () => s[key] : key.get;
      const set = typeof key === "string" ? v => lab.set({ [key]: v }) : key.set;
      const input = h("input", { type: "range", min: low, max: high, step, "aria-label": label });
      input.oninput = () => set(of(Number(input.value)));
      const all = h("label", {}, label, input, out);
      syncs.push(() => {
        input.value = back(get());
        out.textContent = show(get());
        input.setAttribute("aria-valuetext", show(get()));
        if (key.off) all.hidden = key.off();
      });
      controls.append(all);
    },
    box(label, key) {
      const input = h("input", { type: "checkbox" });
      input.onchange = () => lab.set({ [key]: input.checked });
      syncs.push(() => (input.checked = !!s[key]));
      controls.append(h("label", {}, input, label));
    },
    choose(label, options, get, set) {
      const select = h("select", { "aria-label": label });
      select.onchange = () => set(select.value);
      syncs.push(() => {
        const names = options();
        select.replaceChildren(...names.map(name => h("option", { value: name }, name)));
        select.value = get();
      });
      controls.append(h("label", {}, label, select));
    },
    button(label, act, where = controls) {
      const button = h("button", { type: "button" }, label);
      button.onclick = () => act(button);
      where.append(button);
      return button;
    },
    steps(move) {
      lab.button("◂ back", () => move(-1));
      lab.button("step ▸", () => move(1));
      const play = lab.button("play", () => {
        clearInterval(timer);
        timer = timer ? null : setInterval(() => {
          if (!root.isConnected) clearInterval(timer);
          else move(1);
        }, 900);
        play.textContent = timer ? "pause" : "play";
        play.setAttribute("aria-pressed", !!timer);
        say.setAttribute("aria-live", timer ? "off" : "polite");
      });
    },
  };
  const painted = mode.build(lab);
  function join() {
    const path = link.firstChild;
    path.removeAttribute("d");
    if (!tied || !tied[0] || !tied[1] || tied[0].hidden) return;
    const base = stage.getBoundingClientRect();
    const [a, b] = tied.map(node => node.getBoundingClientRect());
    const down = b.top > a.bottom;
    const from = down ? [a.left + a.width / 2, a.bottom] : [a.right, a.top + a.height / 2];
    const to = down ? [b.left + b.width / 2, b.top] : [b.left, b.top + b.height / 2];
    const [x, y, u, v] = [from[0] - base.left, from[1] - base.top, to[0] - base.left, to[1] - base.top];
    const bend = down ? [x, (y + v) / 2, u, (y + v) / 2] : [(x + u) / 2, y, (x + u) / 2, v];
    path.setAttribute("d", `M${x},${y}C${bend.join()},${u},${v}`);
  }
  function draw() {
    tied = null;
    painted(s);
    if (tied) join();
  }
  stage.append(link);
  syncs.forEach(sync => sync());
  draw();
  let before = root.clientWidth;
  const watch = new ResizeObserver(() => {
    if (root.clientWidth === before) return;
    before = root.clientWidth;
    draw();
  });
  watch.observe(root);
  stage.addEventListener("transitionend", () => tied && join());
  const listen = () => {
    const next = model.get("state");
    if (JSON.stringify(next) !== JSON.stringify(s)) lab.set(next, true);
  };
  model.on("change:state", listen);
  el.laboratory = {
    set: patch => lab.set(patch),
    state: () => s,
    arrays: () => ({ ...Object.fromEntries(Object.entries(grids).map(([name, one]) =>
      [name, one.el.querySelector("[role=grid]").array])), ...lab.extra }),
  };
  return () => {
    clearInterval(timer);
    watch.disconnect();
  };
}

// -------------------------------------------------------------------------------------- the modes

const geometry = s => ({ stride: s.stride, padding: s.padding, dilation: s.dilation, flip: s.flip });
const reach = (k, d) => d * (k - 1) + 1;
const padded = (x, p) => zeros(x.length + 2 * p, x[0].length + 2 * p).map((row, r) =>
  row.map((_, c) => x[r - p]?.[c - p] ?? 0));
const replaced = (x, [first, ...rest], value) =>
  x.map((v, i) => (i !== first ? v : rest.length ? replaced(v, rest, value) : value));
const fits = (s, h, v, kh, kw) => outputSize(h, kh, s) > 0 && outputSize(v, kw, s) > 0;
const tooLarge = (s, k) => `No output position: the kernel reaches over ${reach(k.length, s.dilation)}×${
  reach(k[0].length, s.dilation)}, and the input has ${s.input.length + 2 * s.padding}×${
  s.input[0].length + 2 * s.padding} with its padding.`;
// Where a kernel touches the padded input at one output position, and the frame around it.
const taps = (s, [kh, kw], r, c) => zeros(kh, kw).map((row, i) => row.map((_, j) =>
  [r * s.stride + i * s.dilation, c * s.stride + j * s.dilation]));
const framed = (s, [kh, kw], r, c, p = 0) =>
  [r * s.stride - p, c * s.stride - p, reach(kh, s.dilation), reach(kw, s.dilation)];
const lit = (marks, on = true) => (r, c) => (on && marks.has(`${r},${c}`) ? "lit" : "");
const spots = places => new Set(places.flat().map(String));
const after = (at, sizes, step) => {
  const all = sizes.reduce((a, b) => a * b), n = sizes.reduce((sum_, size, i) => sum_ * size + at[i], 0);
  let left = (n + step + all) % all;
  return sizes.slice().reverse().map(size => {
    const i = left % size;
    left = (left - i) / size;
    return i;
  }).reverse();
};
const clampAt = (at, sizes) => at.map((v, i) => clamp(v, 0, max(0, sizes[i] - 1)));
const used = (s, k = s.kernel) => (s.flip ? turned(k) : k);
const kernelTitle = s => (s.flip ? "kernel, turned by 180°" : "kernel");
const small = (s, most = 28) => (max(...shape(s.input)) > most ? `At most ${most} rows and columns.` : "");

function geometryControls(lab, { flip = true, dilation = 3, padding = 3 } = {}) {
  lab.range("stride", "stride", 1, 3);
  lab.range("padding", "padding", 0, padding);
  if (dilation) lab.range("dilation", "dilation", 1, dilation);
  if (flip) lab.box("flip (true convolution)", "flip");
}

const kernelChoice = lab => {
  const names = () => Object.keys(lab.s.kernels || {});
  const same = name => String(lab.s.kernels[name]) === String(lab.s.kernel);
  if (!names().length) return;
  lab.choose("kernel", () => [...names(), ...(names().some(same) ? [] : ["your own"])],
    () => names().find(same) || "your own",
    name => lab.s.kernels[name] && lab.set({ kernel: lab.s.kernels[name] }));
};

const editKernel = lab => (i, j, value) => {
  const { kernel: k, flip } = lab.s;
  const at = flip ? [k.length - 1 - i, k[0].length - 1 - j] : [i, j];
  lab.set({ kernel: replaced(k, at, value) });
};

const START = { stride: 1, padding: 0, dilation: 1, flip: false };
const EDIT = "Click or use the arrow keys; a second click, Enter or a digit changes a number.";

const windowed = {
  name: "One window at a time",
  hint: "the window ⊙ the kernel = the products, and their sum is one output",
  keys: EDIT,
  arrays: { input: 2, kernel: 2 },
  start: { ...START, stop: 0 },
  check: s => small(s) || (s.yours && !isArray(s.yours, 2)
    ? "“yours” must be an array of 2 axes that holds numbers only." : ""),
  build(lab) {
    kernelChoice(lab);
    geometryControls(lab);
    lab.steps(by_ => {
      const count = flat(correlate2d(lab.s.input, lab.s.kernel, geometry(lab.s))).length || 1;
      lab.set({ stop: (lab.s.stop + by_ + count) % count });
    });
    const choose = (r, c) => {
      const { input: x, kernel: k, padding: p } = lab.s, g = geometry(lab.s);
      const rows = outputSize(x.length, k.length, g), columns = outputSize(x[0].length, k[0].length, g);
      if (!rows || !columns) return;
      const near = (at, n, high) => clamp(round((at + p - (reach(n, g.dilation) - 1) / 2)
        / g.stride), 0, high - 1);
      lab.set({ stop: near(r, k.length, rows) * columns + near(c, k[0].length, columns) });
    };
    const inside = act => (r, c, v) => act(r - lab.s.padding, c - lab.s.padding, v);
    const input = lab.grid("input", { pick: inside(choose), hover: inside(choose),
      edit: inside((r, c, v) => lab.set({ input: replaced(lab.s.input, [r, c], v) })) });
    const stop = (r, c) => lab.set({ stop: r * output.el.columns + c });
    const output = lab.grid("output", { pick: stop, hover: stop });
    const yours = lab.grid("yours", { pick: stop });
    const view = lab.grid("window"), kernel = lab.grid("kernel", { edit: editKernel(lab) });
    const products = lab.grid("products");
    const total = h("b", { class: "sign" });
    lab.stage.append(lab.row(input, output, yours), lab.row(view, "⊙", kernel, "=", products, "Σ", total));
    return s => {
      const g = geometry(s), k = used(s), p = s.padding;
      const x = padded(s.input, p), out = correlate2d(s.input, s.kernel, g);
      const okay = fits(g, s.input.length, s.input[0].length, k.length, k[0].length);
      const columns = okay ? out[0].length : 1, count = okay ? out.length * columns : 0;
      const n = clamp(s.stop, 0, max(0, count - 1)), r = floor(n / columns), c = n % columns;
      output.el.columns = columns;
      const touched = okay ? taps(s, shape(k), r, c) : [];
      const title = `input ${by(s.input)}${p ? `, padding ${p}` : ""}`;
      input.update(x, { title, pad: p, look: lit(spots(touched), s.dilation > 1),
        frame: okay && framed(s, shape(k), r, c) });
      kernel.update(k, { title: kernelTitle(s) });
      output.update(okay ? out : [], { title: okay ? `output ${by(out)}` : "output", chosen: [r, c] });
      yours.el.hidden = !s.yours;
      if (s.yours) {
        const differ = (a, b) => !(abs(s.yours[a][b] - (out[a]?.[b] ?? NaN)) <= 1e-6);
        const wrong = flat(s.yours.map((row, a) => row.map((_, b) => differ(a, b)))).filter(Boolean).length;
        const size = okay && by(s.yours) === by(out);
        yours.update(s.yours, { title: `your output ${by(s.yours)}: ${!size ? "another size"
          : wrong ? several(wrong, "number") + " differ" + (wrong === 1 ? "s" : "") : "all equal"}`,
        chosen: [r, c], look: (a, b) => (differ(a, b) ? "wrong" : "") });
      }
      const window_ = touched.map(row => row.map(([a, b]) => x[a][b]));
      const product = okay ? pair(window_, k, (a, b) => a * b) : [];
      view.update(window_, { title: "window" });
      products.update(product, { title: "products" });
      total.textContent = okay ? `= ${text(out[r][c])}` : "";
      if (!okay) return lab.say(tooLarge(s, k));
      const terms = flat(window_).map((a, i) => [a, flat(k)[i]]);
      lab.say(`Output position ${place(r, c)}, number ${n} of 0 to ${count - 1}: ${written(terms, out[r][c])}`);
      lab.tie(input.frame, output.node(r, c));
    };
  },
};

const MOST_BYTES = 25e6, LONG_SIDE = 180;

function paint(canvas, x, signed) {
  const [height, width] = shape(x), all = flat(x);
  const top = all.reduce((a, v) => max(a, abs(v)), 0) || 1;
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d"), image = context.createImageData(width, height);
  all.forEach((v, i) => {
    const t = signed ? v / top : 0, white = 247, end = t < 0 ? [33, 102, 172] : [178, 47, 36];
    for (let k = 0; k < 3; k++)
      image.data[4 * i + k] = signed ? white + (end[k] - white) * abs(t) : clamp(v, 0, 1) * 255;
    image.data[4 * i + 3] = 255;
  });
  context.putImageData(image, 0, 0);
}

async function greys(source, longest) {
  const image = await createImageBitmap(source);
  const scale = min(1, longest / max(image.width, image.height));
  const canvas = h("canvas", { width: max(1, round(image.width * scale)),
    height: max(1, round(image.height * scale)) });
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
  return zeros(canvas.height, canvas.width).map((row, r) => row.map((_, c) => {
    const i = 4 * (r * canvas.width + c);
    return (0.299 * data[i] + 0.587 * data[i + 1] + 0.114 * data[i + 2]) / 255;
  }));
}

const decoded = address => {
  const image = new Image();
  image.src = address;
  return image.decode().then(() => image);
};

const photo = {
  name: "The same kernel on a photo",
  hint: "point at a place: its pixels, the kernel, and one pixel of the result",
  keys: "A photo of your own stays in your browser. The kernel's numbers can be changed.",
  arrays: { kernel: 2 },
  start: { ...START, at: [20, 20] },
  check: s => (max(...shape(s.kernel)) > 9 ? "A kernel of at most 9×9, please." : ""),
  build(lab) {
    let x = zeros(24, 24).map((row, r) => row.map((_, c) => ((r >> 2) + (c >> 2)) % 2));
    kernelChoice(lab);
    lab.box("flip", "flip");
    const most = i => max(0, outputSize(shape(x)[i], shape(lab.s.kernel)[i], lab.s) - 1);
    ["row", "column"].forEach((word, i) => lab.range(word, { get: () => clamp(lab.s.at[i], 0, most(i)),
      set: v => lab.set({ at: replaced(lab.s.at, [i], v) }) }, 0, 255));
    const file = h("input", { type: "file", accept: "image/*", "aria-label": "a photo of your own" });
    file.onchange = async () => {
      const one = file.files[0];
      if (!one) return;
      if (one.size > MOST_BYTES)
        return lab.wrong(`“${one.name}” has ${round(one.size / 1e6)} MB; photos of up to ${
          MOST_BYTES / 1e6} MB can be read. The picture stays.`);
      try {
        x = await greys(one, LONG_SIDE);
        lab.set({ at: [shape(x)[0] >> 1, shape(x)[1] >> 1] });
      } catch {
        lab.wrong(`“${one.name}” is no picture that this browser can read. The picture stays.`);
      }
    };
    lab.controls.append(h("label", {}, "your own", file));
    const canvases = ["photo", "result"].map(name => h("canvas", { role: "img", "aria-label": name }));
    const marks = canvases.map(() => h("i", { class: "frame", "aria-hidden": "true" }));
    const boxes = canvases.map((canvas, i) => h("div", { class: "photo" },
      h("div", { class: "title" }, ["photo", "result: blue below 0, red above"][i]),
      h("div", { class: "box", style: "width:100%" }, canvas, marks[i])));
    canvases.forEach((canvas, i) => {
      canvas.onpointermove = canvas.onpointerdown = event => {
        const area = canvas.getBoundingClientRect(), k = lab.s.kernel, half = i ? [0, 0]
          : [(k.length - 1) / 2, (k[0].length - 1) / 2];
        const r = floor(((event.clientY - area.top) / area.height) * canvas.height - half[0]);
        const c = floor(((event.clientX - area.left) / area.width) * canvas.width - half[1]);
        lab.set({ at: [clamp(r, 0, most(0)), clamp(c, 0, most(1))] });
      };
    });
    const view = lab.grid("window"), kernel = lab.grid("kernel", { edit: editKernel(lab) });
    const products = lab.grid("products"), total = h("b", { class: "sign" });
    lab.stage.append(h("div", { class: "line top" }, ...boxes),
      lab.row(view, "⊙", kernel, "=", products, "Σ", total));
    let drawn = "";
    decoded(lab.s.picture).then(image => greys(image, 400)).then(read => {
        x = read;
        lab.set({}, true);
      }).catch(() => lab.wrong("The photo could not be read; a pattern stands in its place."));
    return s => {
      const k = used(s), [kh, kw] = shape(k), g = geometry(s);
      if (!fits(g, ...shape(x), kh, kw)) return lab.say(tooLarge({ ...s, input: x }, k));
      if (drawn !== String(k) || lab.extra.photo !== x) {
        lab.extra = { photo: x, result: correlate2d(x, s.kernel, g) };
        paint(canvases[0], x);
        paint(canvases[1], lab.extra.result, true);
        drawn = String(k);
      }
      const out = lab.extra.result, [r, c] = clampAt(s.at, shape(out)), p = s.padding;
      const window_ = taps(s, shape(k), r, c).map(row => row.map(([y, q]) => x[y - p]?.[q - p] ?? 0));
      view.update(window_, { title: `window at ${place(r, c)}`, grey: true });
      kernel.update(k, { title: kernelTitle(s) });
      products.update(pair(window_, k, (a, b) => a * b), { title: "products" });
      total.textContent = `= ${text(out[r][c])}`;
      [[x, framed(s, shape(k), r, c, p)], [out, [r, c, 1, 1]]].forEach(([of, at], i) => {
        const [height, width] = shape(of), m = marks[i].style;
        m.left = `calc(${(at[1] / width) * 100}% - 4px)`;
        m.top = `calc(${(at[0] / height) * 100}% - 4px)`;
        m.width = `calc(${(at[3] / width) * 100}% + 8px)`;
        m.height = `calc(${(at[2] / height) * 100}% + 8px)`;
      });
      lab.say(`Result ${place(r, c)} = ${text(out[r][c])}`);
      lab.tie(marks[0], marks[1]);
    };
  },
};

const channels = {
  name: "Several channels, several filters",
  hint: "a filter reads all channels at once; what they give is added, with the bias",
  keys: `${EDIT} Choose an output to open its sum.`,
  arrays: { input: 3, weight: 4, bias: 1 },
  start: { ...START, at: [0, 0, 0] },
  check: s => small(s, 14) || (shape(s.weight)[1] !== s.input.length ? "Each filter needs one plane for each channel."
    : s.bias.length !== s.weight.length ? "Each filter needs one bias." : ""),
  build(lab) {
    geometryControls(lab, { padding: 2, dilation: 2 });
    lab.steps(by_ => {
      const [f, r, c] = shape(conv2d(lab.s.input, lab.s.weight, lab.s.bias, geometry(lab.s)));
      if (r && c) lab.set({ at: after(lab.s.at, [f, r, c], by_) });
    });
    const names = lab.s.names || (lab.s.input.length === 3 ? ["red", "green", "blue"]
      : lab.s.input.map((_, i) => `channel ${i}`));
    const edit = (key, first) => (r, c, v) => {
      const p = key === "input" ? lab.s.padding : 0, f = key === "input" ? [first] : [lab.s.at[0], first];
      if (key === "weight" && lab.s.flip)
        [r, c] = [shape(lab.s.weight)[2] - 1 - r, shape(lab.s.weight)[3] - 1 - c];
      lab.set({ [key]: replaced(lab.s[key], [...f, r - p, c - p], v) });
    };
    const inputs = names.map((name, i) => lab.grid(`input ${i}`, { edit: edit("input", i) }));
    const weights = names.map((name, i) => lab.grid(`weight ${i}`, { edit: edit("weight", i) }));
    const parts = names.map(() => h("b", {}));
    const bias = lab.grid("bias", { edit: (r, c, v) => lab.set({ bias: replaced(lab.s.bias, [c], v) }) });
    const outs = lab.s.weight.map((_, f) => lab.grid(`output ${f}`,
      { pick: (r, c) => lab.set({ at: [f, r, c] }), hover: (r, c) => lab.set({ at: [f, r, c] }) }));
    const side = lab.column(...outs, bias);
    const lines = lab.column(...names.map((_, i) =>
      lab.row(inputs[i], "∗", weights[i], "=", parts[i])));
    lab.stage.append(h("div", { class: "line top", style: "gap:1.2rem 3rem" }, lines, side));
    return s => {
      const g = geometry(s), out = conv2d(s.input, s.weight, s.bias, g), [n, rows, columns] = shape(out);
      const [, , kh, kw] = shape(s.weight), okay = rows && columns;
      const [f, r, c] = clampAt(s.at, [n, rows, columns || 0]);
      const top = max(...flat(s.input).map(abs)), most = max(...flat(out).map(abs));
      const each = s.input.map((plane, i) => {
        const k = used(s, s.weight[f][i]), p = s.padding, x = padded(plane, p);
        inputs[i].update(x, { title: names[i], pad: p, max: top, cell: lab.cell(x[0].length, 30),
          look: lit(spots(taps(s, [kh, kw], r, c)), okay && s.dilation > 1),
          frame: okay && framed(s, [kh, kw], r, c) });
        weights[i].update(k, { title: `filter ${f}, ${names[i]}`, cell: 30,
          max: max(...flat(s.weight).map(abs)) });
        const part = okay ? correlate2d(plane, s.weight[f][i], g)[r][c] : NaN;
        parts[i].textContent = okay ? text(part) : "";
        return part;
      });
      bias.update([s.bias], { title: "bias of each filter", cell: 34 });
      outs.forEach((one, i) => one.update(okay ? out[i] : [], { title: `output of filter ${i}`, max: most,
        chosen: i === f ? [r, c] : null, cell: lab.cell(columns || 1, 34) }));
      if (!okay) return lab.say(tooLarge({ ...s, input: s.input[0] }, s.weight[0][0]));
      lab.say(`Output ${place(f, r, c)} = ${each.map((v, i) => `${names[i]} ${factor(v)}`).join(" + ")} + bias ${
        factor(s.bias[f])} = ${text(out[f][r][c])}`);
      lab.tie(inputs[0].frame, outs[f].node(r, c));
    };
  },
};

const transposed = {
  name: "Transposed convolution",
  hint: "each input pixel stamps the kernel, times its value, onto the output",
  keys: `${EDIT} Choose an input, or an output.`,
  arrays: { input: 2, kernel: 2 },
  start: { ...START, of: "input", at: [0, 0], view: "stamps" },
  check: s => small(s) || (s.padding > s.dilation * (min(...shape(s.kernel)) - 1)
    ? "Here the padding takes rows away from the output: at most dilation·(kernel − 1)."
    : min(largeSize(s.input.length, s.kernel.length, s), largeSize(s.input[0].length, s.kernel[0].length, s)) < 1
      ? "The padding takes the whole output away." : ""),
  build(lab) {
    lab.choose("view", () => ["stamps", "zeros between", "overlaps"], () => lab.s.view,
      view => lab.set({ view }));
    geometryControls(lab, { flip: false, padding: 2, dilation: 2 });
    lab.steps(by_ => {
      const sizes = shape(lab.s.of === "input" ? lab.s.input
        : convTranspose2d([lab.s.input], [[lab.s.kernel]], geometry(lab.s))[0]);
      lab.set({ at: after(lab.s.at, sizes, by_) });
    });
    const choose = of => (r, c) => lab.set({ of, at: [r, c] });
    const input = lab.grid("input", { pick: choose("input"),
      edit: (r, c, v) => lab.set({ input: replaced(lab.s.input, [r, c], v) }) });
    const kernel = lab.grid("kernel", { edit: editKernel(lab) });
    const output = lab.grid("output", { pick: choose("output") });
    const counts = lab.grid("overlaps", { pick: choose("output") });
    const spread = lab.grid("spread"), stamp = lab.grid("stamp"), around = lab.grid("turned kernel");
    lab.stage.append(lab.row(input, spread, kernel, around, stamp), lab.row(output, counts));
    return s => {
      const g = geometry(s), w = [[s.kernel]], [kh, kw] = shape(s.kernel), [rows, columns] = shape(s.input);
      const out = convTranspose2d([s.input], w, g)[0];
      const count = convTranspose2d([map(s.input, () => 1)], [[map(s.kernel, () => 1)]], g)[0];
      const between = s.view === "zeros between", of = s.of, limit = of === "input" ? shape(s.input) : shape(out);
      const at = clampAt(s.at, limit), [r, c] = at;
      const terms = [], came = new Set(), touched = new Set();
      walk([1, ...shape(out)], [1, 1, kh, kw], g, (_, y, q, ch, a, b, i, j) => {
        if (of === "output" && a === r && b === c) {
          terms.push([s.input[y][q], s.kernel[i][j]]);
          came.add(`${y},${q}`);
        } else if (of === "input" && y === r && q === c) touched.add(`${a},${b}`);
      });
      const shared = max(...shape(s.input).concat(shape(out))) > 9 ? 26 : 34;
      input.update(s.input, { title: `input ${by(s.input)}`, chosen: of === "input" ? at : null, look: lit(came) });
      kernel.update(s.kernel, { title: "kernel" });
      const edge = [s.dilation * (kh - 1) - s.padding, s.dilation * (kw - 1) - s.padding];
      const wide = zeros((rows - 1) * s.stride + 1 + 2 * edge[0], (columns - 1) * s.stride + 1 + 2 * edge[1]);
      s.input.forEach((row, a) => row.forEach((v, b) => (wide[edge[0] + a * s.stride][edge[1] + b * s.stride] = v)));
      const real = (a, b) => (a - edge[0]) % s.stride === 0 && (b - edge[1]) % s.stride === 0
        && a >= edge[0] && b >= edge[1] && a < wide.length - edge[0] && b < wide[0].length - edge[1];
      spread.el.hidden = around.el.hidden = !between;
      kernel.el.hidden = between;
      stamp.el.hidden = between || of !== "input";
      spread.update(wide, { title: "zeros between, and around", look: (a, b) => (real(a, b) ? "" : "pad"),
        frame: between && of === "output" && framed({ ...s, stride: 1 }, [kh, kw], r, c) });
      around.update(turned(s.kernel), { title: "kernel, turned by 180°" });
      if (of === "input") stamp.update(map(s.kernel, v => v * s.input[r][c]), { title: `${factor(s.input[r][c])} × kernel` });
      const frame = of === "input" && framed(s, [kh, kw], r, c, s.padding);
      const look = lit(touched, s.dilation > 1);
      output.update(out, { title: `output ${by(out)}`, chosen: of === "output" ? at : null, look, frame,
        cell: lab.cell(out[0].length, shared) });
      counts.update(count, { title: "stamps on each output", count: true, cell: lab.cell(out[0].length, shared),
        chosen: of === "output" ? at : null });
      const [low, high] = [min(...flat(count)), max(...flat(count))];
      counts.el.hidden = s.view !== "overlaps";
      if (s.view === "overlaps")
        lab.say(low === high ? `Each output gets ${several(low, "stamp")}.`
          : `Outputs get ${low} to ${high} stamps: where the middle is uneven too, a checkerboard.`);
      else if (of === "input")
        lab.say(`Input ${place(r, c)} = ${text(s.input[r][c])} stamps the kernel onto ${several(touched.size, "output")
        }; stride ${s.stride} moves the next stamp by ${s.stride}.`);
      else lab.say(`Output ${place(r, c)} = ${written(terms, out[r][c])}`);
      if (of === "input") lab.tie(input.node(r, c), output.frame);
      else if (between) lab.tie(spread.frame, output.node(r, c));
    };
  },
};

const backward = {
  name: "The way back",
  hint: "which outputs did a number reach? The upstream gradient there, times its partners, adds up to its gradient",
  keys: EDIT,
  arrays: { input: 2, kernel: 2, dout: 2 },
  start: { ...START, bias: 0, of: "input", at: [0, 0] },
  check: s => small(s) || (!isNumber(s.bias) ? "“bias” must be a number."
    : !["input", "weight", "bias"].includes(s.of) ? "Only an input, a weight or the bias can be followed." : ""),
  build(lab) {
    geometryControls(lab, { padding: 2, dilation: 2 });
    const choose = (of, off = () => 0) => (r, c) => lab.set({ of, at: [r - off(), c - off()] });
    const p = () => lab.s.padding;
    const input = lab.grid("input", { edit: (r, c, v) => lab.set({ input: replaced(lab.s.input, [r - p(), c - p()], v) }),
      pick: choose("input", p) });
    const kernel = lab.grid("kernel", { pick: choose("weight"),
      edit: (r, c, v) => lab.set({ kernel: replaced(lab.s.kernel, [r, c], v) }) });
    const bias = lab.grid("bias", { pick: () => lab.set({ of: "bias", at: [0, 0] }),
      edit: (r, c, v) => lab.set({ bias: v }) });
    const output = lab.grid("output");
    const dout = lab.grid("dout", { edit: (r, c, v) => lab.set({ dout: replaced(lab.sized, [r, c], v) }) });
    const dx = lab.grid("dx", { pick: choose("input") }), dw = lab.grid("dw", { pick: choose("weight") });
    const db = lab.grid("db", { pick: () => lab.set({ of: "bias", at: [0, 0] }) });
    lab.stage.append(lab.row(input, "∗", kernel, "+", bias, "=", output), lab.row(dout, "→", dx, dw, db));
    return s => {
      const g = geometry(s), out = conv2d([s.input], [[s.kernel]], [s.bias], g)[0], okay = out.length && out[0].length;
      // Another geometry has another number of outputs: where no upstream gradient arrives, it is 0.
      const e = (lab.sized = out.map((row, r) => row.map((_, c) => s.dout[r]?.[c] ?? 0)));
      const back = conv2dBackward([s.input], [[s.kernel]], [e], g);
      const limit = s.of === "input" ? shape(s.input) : s.of === "weight" ? shape(s.kernel) : [1, 1];
      const padding = s.of === "input" && s.at.some((v, i) => v < 0 || v >= limit[i]);
      const at = padding ? s.at : clampAt(s.at, limit), [r, c] = at;
      const terms = [], reached = new Map(), partner = new Map();
      const note = (y, q, other) => {
        reached.set(`${y},${q}`, letter(reached.size));
        if (other) partner.set(other, letter(reached.size - 1));
      };
      if (s.of === "bias") e.forEach((row, y) => row.forEach((v, q) => (terms.push([v, 1]), note(y, q))));
      else
        walk([1, ...shape(s.input)], [1, 1, ...shape(s.kernel)], g, (_, y, q, ch, a, b, i, j) => {
          const own = s.of === "input" ? [a, b] : [i, j];
          if (own[0] !== r || own[1] !== c) return;
          terms.push([e[y][q], s.of === "input" ? s.kernel[i][j] : s.input[a][b]]);
          note(y, q, s.of === "input" ? `${i},${j}` : `${a + s.padding},${b + s.padding}`);
        });
      const off = s.of === "input" ? s.padding : 0, none = new Map(), x = padded(s.input, s.padding);
      input.update(x, { title: `input x${s.padding ? `, padding ${s.padding}` : ""}`, pad: s.padding,
        chosen: s.of === "input" ? [r + off, c + off] : null,
        letters: s.of === "weight" ? partner : none, look: lit(s.of === "weight" ? partner : none) });
      kernel.update(s.kernel, { title: `weight w${s.flip ? ", flipped in use" : ""}`, chosen: s.of === "weight" ? at : null,
        letters: s.of === "input" ? partner : none, look: lit(s.of === "input" ? partner : none) });
      bias.update([[s.bias]], { title: "bias b", chosen: s.of === "bias" ? [0, 0] : null });
      output.update(okay ? out : [], { title: "output a", letters: reached, look: lit(reached) });
      dout.update(okay ? e : [], { title: "∂L/∂a arrives", letters: reached, look: lit(reached) });
      dx.update(back.dx[0], { title: "∂L/∂x", chosen: s.of === "input" ? at : null });
      dw.update(back.dw[0][0], { title: "∂L/∂w", chosen: s.of === "weight" ? at : null });
      db.update([[back.db[0]]], { title: "∂L/∂b", chosen: s.of === "bias" ? [0, 0] : null });
      if (!okay) return lab.say(tooLarge(s, s.kernel));
      if (padding) return lab.say("This 0 is padding: nobody uses its gradient.");
      const symbol = { input: "x", weight: "w", bias: "b" }[s.of], total = sum(terms.map(([a, b]) => a * b));
      const name = s.of === "bias" ? "∂L/∂b" : `∂L/∂${symbol}${place(r, c)}`;
      lab.say(`${s.of === "bias" ? "The bias" : `${s.of} ${place(r, c)}`} reached ${several(reached.size, "output")}. ${
        name} = ${[...reached.values()].join(" + ") || "0"} = ${written(terms, total)}`);
      lab.tie((s.of === "input" ? input.node(r + off, c + off) : s.of === "weight" ? kernel.node(r, c) : bias.node(0, 0)),
        { input: dx, weight: dw, bias: db }[s.of].node(r, c));
    };
  },
};

const [ACCENT, BLUE, EDGE] = ["accent", "blue", "edge"].map(name => `var(--${name})`);
const net = {
  name: "A whole network, there and back",
  hint: "every number opens to its sum; one step of gradient descent, and the loss falls",
  keys: "Choose any number; pixels and weights can be changed.",
  arrays: { input: 2 },
  start: { rate: 0.1, of: "z", at: [0, 0, 0], view: "both" },
  check(s) {
    const { w, b, v, c } = s.parameters || {};
    if (!isArray(w, 4) || !isArray(b, 1) || !isArray(v, 2) || !isArray(c, 1) || !isNumber(s.rate))
      return "The parameters must be w (F, 1, KH, KW), b (F,), v (K, D) and c (K,), of numbers only.";
    const side = i => outputSize(outputSize(s.input[i] ? shape(s.input)[i] : 0, shape(w)[i + 2]), 2, { stride: 2 });
    const depth = w.length * side(0) * side(1);
    return depth === 0 ? "The kernel and the pooling leave nothing of this input."
      : v[0].length !== depth ? `The linear layer must read ${depth} numbers, not ${v[0].length}.`
        : v.length !== c.length || v.length !== s.classes.length || b.length !== w.length
          ? "Each class needs a row of v and one of c, each filter one of b."
          : !Number.isInteger(s.label) || s.label < 0 || s.label >= c.length ? "The label must be one of the classes." : "";
  },
  build(lab) {
    const first = lab.s.parameters;
    let history = [];
    lab.choose("the digit is a", () => lab.s.classes, () => lab.s.classes[lab.s.label],
      name => ((history = []), lab.set({ label: lab.s.classes.indexOf(name) })));
    lab.choose("show", () => ["values", "gradients", "both"], () => lab.s.view, view => lab.set({ view }));
    lab.range("rate", "rate", 0.01, 1, 0.01);
    const now = () => network(lab.s.parameters, lab.s.input, lab.s.label);
    lab.button("one step down", () => lab.set({ parameters: descended(lab.s.parameters, now(), lab.s.rate) }));
    lab.button("begin anew", () => ((history = []), lab.set({ parameters: first })));
    const { w, v } = lab.s.parameters, planes = w.map((_, f) => f);
    const pick = (of, lead = []) => (r, c) => lab.set({ of, at: [...lead, r, c] });
    const vector = of => (r, c) => lab.set({ of, at: [r] });
    const tune = (key, lead = []) => (r, c, value) => {
      const at = key === "b" || key === "c" ? [key === "b" ? c : r] : [...lead, r, c];
      lab.set({ parameters: { ...lab.s.parameters, [key]: replaced(lab.s.parameters[key], at, value) } });
    };
    const g = {};
    const add = (name, options) => (g[name] = lab.grid(name, options));
    const image = [add("x", { pick: pick("x"), edit: (r, c, value) => ((history = []), lab.set({ input: replaced(lab.s.input, [r, c], value) })) }),
      add("dx", { pick: pick("dx") })];
    const filters = planes.flatMap(f => [add(`w${f}`, { pick: pick("w", [f, 0]), edit: tune("w", [f, 0]) }),
      add(`dw${f}`, { pick: pick("dw", [f, 0]) })]);
    const biases = [add("b", { pick: (r, c) => lab.set({ of: "b", at: [c] }), edit: tune("b") }),
      add("db", { pick: (r, c) => lab.set({ of: "db", at: [c] }) })];
    const maps = ["z", "a", "m"].map(key => planes.flatMap(f =>
      [add(`${key}${f}`, { pick: pick(key, [f]) }), add(`d${key}${f}`, { pick: pick(`d${key}`, [f]) })]));
    const ends = ["y", "q"].map(key => add(key, { pick: vector(key) }));
    const dy = add("dy", { pick: vector("dy") });
    const head = [add("v", { pick: pick("v"), edit: tune("v") }), add("dv", { pick: pick("dv") })];
    const biases2 = [add("c", { pick: vector("c"), edit: tune("c") }), add("dc", { pick: vector("dc") })];
    const loss = h("div", {}), fall = h("svg", { class: "draw", viewBox: "0 0 150 70", style: "width:150px", role: "img", "aria-label": "loss" });
    lab.stage.append(h("div", { class: "line top", style: "column-gap:14px" }, lab.column(...image), lab.column(...filters, ...biases), ...maps.map(one => lab.column(...one))),
      h("div", { class: "line top" }, lab.column(...head), lab.column(...biases2), lab.column(ends[0], dy), lab.column(ends[1], loss, fall)));
    const label = { x: "input x", z: "conv z", a: "ReLU a", m: "pool m", y: "scores y", q: "softmax q", w: "kernel w", b: "bias b", v: "linear v", c: "bias c" };
    const titled = key => (key[0] === "d" ? `∂L/∂${key.slice(1)}` : label[key[0]] + key.slice(1));
    const written_ = (name, terms, total, more) => `${name} = ${written(terms, total, more)}`;
    return s => {
      const p = s.parameters, n = now(), [, rows, columns] = shape(n.m);
      const lastOne = history[history.length - 1];
      if (lastOne !== n.loss) history.push(n.loss);
      const cell = lab.width < 500 ? 30 : floor(clamp((lab.width - 110) / 19, 26, 32));
      const seen = key => s.view === "both" || (key[0] === "d") === (s.view === "gradients");
      const show = (name, array, key, at) => {
        g[name].el.hidden = !seen(name);
        g[name].update(array, { title: titled(name), cell, compact: true, chosen: s.of === key ? at : null });
      };
      const all = { ...n, ...p, dc: n.dy };
      show("x", n.x, "x", s.at);
      show("dx", n.dx, "dx", s.at);
      for (const key of ["w", "dw", "z", "dz", "a", "da", "m", "dm"])
        planes.forEach(f => {
          const kernel = key.endsWith("w");
          show(key + f, kernel ? all[key][f][0] : all[key][f], key, s.at[0] === f ? s.at.slice(kernel ? 2 : 1) : null);
        });
      for (const key of ["b", "db"]) show(key, [all[key]], key, [0, s.at[0]]);
      for (const key of ["v", "dv"]) show(key, all[key], key, s.at);
      for (const key of ["y", "q", "dy", "c", "dc"]) show(key, all[key].map(value => [value]), key, [s.at[0], 0]);
      lab.extra = all;
      loss.textContent = `loss = −ln ${text(n.q[s.label])} = ${n.loss.toFixed(4)}`;
      const top = max(...history), x = i => 6 + (i * 138) / max(1, history.length - 1), y = e => 64 - (58 * e) / top;
      fall.replaceChildren(h("path", { d: "M6,4V64H146", fill: "none", stroke: EDGE }),
        h("polyline", { points: history.map((e, i) => `${x(i)},${y(e)}`).join(" "), fill: "none", stroke: ACCENT, "stroke-width": 2 }),
        ...history.slice(-40).map((e, i) => h("circle", { cx: x(i + max(0, history.length - 40)), cy: y(e), r: 2.5, fill: ACCENT })));
      lab.say((opened[s.of] || opened.z)(n, p, s, s.at, { rows, columns, written: written_ })
        + (history.length > 1 ? ` Loss: ${history.slice(-6).map(e => e.toFixed(4)).join(" → ")}.` : ""));
    };
  },
};

// What stands behind each number of the network, as a sentence.
const opened = (() => {
  const visits = (n, p, visit) => walk([1, ...shape(n.x)], shape(p.w), {}, visit);
  const name = (of, at) => `${of}${place(...at)}`;
  return {
    x: (n, p, s, at) => `Pixel ${place(...at)} = ${text(n.x[at[0]]?.[at[1]])}.`,
    z(n, p, s, [f = 0, r = 0, c = 0], { written: out }) {
      const terms = [];
      p.w[f][0].forEach((row, i) => row.forEach((v, j) => terms.push([n.x[r + i]?.[c + j] ?? 0, v])));
      return out(name("z", [f, r, c]), terms, n.z[f][r][c], ` + ${factor(p.b[f])}`);
    },
    a: (n, p, s, [f, r, c]) => `${name("a", [f, r, c])} = max(0, ${text(n.z[f][r][c])}) = ${text(n.a[f][r][c])}`,
    m(n, p, s, [f, r, c]) {
      const four = [[0, 0], [0, 1], [1, 0], [1, 1]].map(([i, j]) => text(n.a[f][2 * r + i][2 * c + j]));
      return `${name("m", [f, r, c])} = max(${four.join(", ")}) = ${text(n.m[f][r][c])}, from ${place(...n.from[f][r][c])}`;
    },
    y: (n, p, s, [k], o) => o.written(name("y", [k]), n.d.map((v, i) => [v, p.v[k][i]]), n.y[k], ` + ${factor(p.c[k])}`),
    q: (n, p, s, [k]) => `${name("q", [k])} = e^${factor(n.y[k])} / (${n.y.map(v => `e^${factor(v)}`).join(" + ")}) = ${text(n.q[k])}`,
    dy: (n, p, s, [k]) => `∂L/∂${name("y", [k])} = q − ${k === s.label ? "1, as this is the label" : "0"} = ${text(n.dy[k])}`,
    dm(n, p, s, [f, r, c], o) {
      const i = (f * o.rows + r) * o.columns + c;
      return o.written(`∂L/∂${name("m", [f, r, c])}`, n.dy.map((e, k) => [e, p.v[k][i]]), n.dm[f][r][c]);
    },
    da(n, p, s, [f, r, c]) {
      const won = n.from[f].flat().some(([y, q]) => y === r && q === c);
      return `∂L/∂${name("a", [f, r, c])} = ${text(n.da[f][r][c])}: ${won
        ? "it was the maximum of its window, so the whole upstream gradient comes here" : "it was no maximum, so none of the upstream gradient comes here"}`;
    },
    dz: (n, p, s, [f, r, c]) => `∂L/∂${name("z", [f, r, c])} = ${factor(n.da[f][r][c])}·${n.z[f][r][c] > 0
      ? "1, as z > 0" : "0, as z ≤ 0"} = ${text(n.dz[f][r][c])}`,
    w: (n, p, s, [f, , i, j]) => `${name("w", [f, i, j])} = ${text(p.w[f][0][i][j])}; one step moves it to ${
      text(p.w[f][0][i][j] - s.rate * n.dw[f][0][i][j])}`,
    b: (n, p, s, [f]) => `${name("b", [f])} = ${text(p.b[f])}; one step moves it to ${text(p.b[f] - s.rate * n.db[f])}`,
    v: (n, p, s, [k, i]) => `${name("v", [k, i])} = ${text(p.v[k][i])}; one step moves it to ${text(p.v[k][i] - s.rate * n.dv[k][i])}`,
    c: (n, p, s, [k]) => `${name("c", [k])} = ${text(p.c[k])}; one step moves it to ${text(p.c[k] - s.rate * n.dc[k])}`,
    dv: (n, p, s, [k, i], o) => o.written(`∂L/∂${name("v", [k, i])}`, [[n.dy[k], n.d[i]]], n.dv[k][i]),
    dc: (n, p, s, [k]) => `∂L/∂${name("c", [k])} = ∂L/∂${name("y", [k])} = ${text(n.dc[k])}`,
    dw(n, p, s, [f, , i, j], o) {
      const terms = [];
      visits(n, p, (g, r, c, ch, y, q, a, b) => g === f && a === i && b === j && n.dz[f][r][c] && terms.push([n.dz[f][r][c], n.x[y][q]]));
      return o.written(`∂L/∂${name("w", [f, i, j])}`, terms, n.dw[f][0][i][j]);
    },
    db: (n, p, s, [f], o) => o.written(`∂L/∂${name("b", [f])}`, flat(n.dz[f]).filter(Boolean).map(e => [e, 1]), n.db[f]),
    dx(n, p, s, [r, c], o) {
      const terms = [];
      visits(n, p, (f, a, b, ch, y, q, i, j) => y === r && q === c && n.dz[f][a][b] && terms.push([n.dz[f][a][b], p.w[f][0][i][j]]));
      return o.written(`∂L/∂${name("x", [r, c])}`, terms, n.dx[r][c]);
    },
  };
})();

const layerText = ({ k, s = 1, d = 1, p = 0, name = "CONV" }) =>
  `${name} ${k}${s > 1 ? `, stride ${s}` : ""}${d > 1 ? `, dilation ${d}` : ""}${p ? `, padding ${p}` : ""}`;
const MAX_LAYERS = 6, MAX_ROW = 41;

const receptive = {
  name: "What one unit sees",
  hint: "add layers, and see the cone grow from one unit down to the input",
  keys: "Orange: this unit. Blue: what only its neighbour reads. In 2-D: in how many ways each pixel counts.",
  start: { view: "1-D", next: { k: 3, s: 1, d: 1, p: 0 } },
  check(s) {
    if (!Array.isArray(s.layers) || !s.layers.length) return "One layer must stay.";
    if (s.layers.length > MAX_LAYERS) return `At most ${MAX_LAYERS} layers.`;
    for (const { k, s: jump = 1, d = 1, p = 0 } of s.layers)
      if (![k, jump, d].every(v => Number.isInteger(v) && v >= 1) || !Number.isInteger(p) || p < 0)
        return "Kernel, stride and dilation must be whole numbers from 1, padding from 0.";
    const { size, jump } = fields(s.layers).pop();
    return size + jump > MAX_ROW ? `Two neighbours would see ${size + jump} pixels, at most ${MAX_ROW} stay readable.` : "";
  },
  build(lab) {
    const stacks = lab.s.stacks || {}, names = Object.keys(stacks);
    const same = name => JSON.stringify(stacks[name]) === JSON.stringify(lab.s.layers);
    if (names.length)
      lab.choose("stack", () => [...names, ...(names.some(same) ? [] : ["your own"])], () => names.find(same) || "your own",
        name => stacks[name] && lab.set({ layers: stacks[name] }));
    lab.choose("view", () => ["1-D", "2-D"], () => lab.s.view, view => lab.set({ view }));
    [["kernel", "k", 1, 7], ["stride", "s", 1, 3], ["dilation", "d", 1, 4], ["padding", "p", 0, 4]].forEach(([word, key, low, high]) =>
      lab.range(word, { get: () => lab.s.next[key], set: v => lab.set({ next: { ...lab.s.next, [key]: v } }) }, low, high));
    const add = name => lab.set({ layers: [...lab.s.layers, { ...lab.s.next, name }] });
    lab.button("add convolution", () => add("CONV"));
    lab.button("add pooling", () => add("POOL"));
    lab.button("take the last away", () => lab.set({ layers: lab.s.layers.slice(0, -1) }));
    const cone = h("svg", { class: "draw", role: "img" }), list = h("ol", {});
    const square = lab.grid("ways");
    lab.stage.append(cone, square.el, list);
    return s => {
      const unit = ways(s.layers), other = ways(s.layers, 1), views = fields(s.layers), top = s.layers.length;
      const left = [...unit[0].keys()][0], right = [...other[0].keys()].pop();
      const { size, jump, start: begin } = views[top - 1], read = unit[0].size;
      cone.toggleAttribute("hidden", s.view !== "1-D");
      square.el.hidden = s.view === "1-D";
      lab.extra = { row: [...unit[0]], views };
      list.replaceChildren(...views.map((v, i) => h("li", {}, `${layerText(s.layers[i])}: sees ${v.size}, jump ${v.jump}, starts at ${text(v.start)}`)));
      lab.say(`One unit of layer ${top} sees ${size} pixels${read < size ? `, but reads only ${read} of them` : ""}; its neighbour begins ${
        several(jump, "pixel")} further on; the first begins at ${text(begin)}${begin < 0 ? ", in the padding" : ""}.`);
      if (s.view === "2-D") {
        const row = Array.from({ length: size }, (_, i) => unit[0].get(left + i) || 0);
        return square.update(row.map(a => row.map(b => a * b)), { title: `ways from each of ${size}×${size} pixels to the unit`, count: true });
      }
      const wide = 640, step = min(30, (wide - 150) / (right - left + 1)), high = 62;
      const x = at => 16 + (at - left) * step, y = level => (top - level) * high + 20;
      const middle = [{ jump: 1, m: 0 }, ...views.map(v => ({ jump: v.jump, m: v.start + (v.size - 1) / 2 }))];
      const spot = (level, at) => [x(at * middle[level].jump + middle[level].m), y(level)];
      const lines = [], dots = [];
      for (let level = 0; level <= top; level++) {
        const a = unit[level], b = other[level];
        for (const [from, hue, width] of [[b, EDGE, 1], [a, ACCENT, 1.6]])
          for (const at of level ? from.keys() : []) {
            const { k, s: jump_ = 1, d = 1, p = 0 } = s.layers[level - 1];
            for (let tap = 0; tap < k; tap++) {
              const [[x1, y1], [x2, y2]] = [spot(level, at), spot(level - 1, jump_ * at + d * tap - p)];
              lines.push(h("line", { x1, y1, x2, y2, stroke: hue, "stroke-width": width }));
            }
          }
        const ends = [...a.keys(), ...b.keys()];
        for (let at = min(...ends); at <= max(...ends); at++) {
          const [cx, cy] = spot(level, at), r = min(6.5, step * 0.36);
          const outside = level === 0 && at < 0;
          dots.push(h("circle", { cx, cy, r, fill: a.has(at) ? ACCENT : b.has(at) ? BLUE : "var(--card)",
            stroke: a.has(at) ? ACCENT : b.has(at) ? BLUE : "var(--pale)", "stroke-width": 1.3,
            "fill-opacity": outside ? 0.35 : 1 }));
        }
        const label = level ? layerText(s.layers[level - 1]) : "input";
        dots.push(h("text", { x: x(right) + 22, y: y(level) + 4 }, label));
      }
      if (begin < 0) dots.push(h("path", { d: `M${x(-0.5)},${y(0) - 16}v30`, stroke: "var(--ink)", "stroke-dasharray": "2 3" }),
        h("text", { x: x(-0.5) - 6, y: y(0) + 26, "text-anchor": "end" }, "padding"));
      cone.setAttribute("viewBox", `0 0 ${max(330, x(right) + 190)} ${top * high + 54}`);
      cone.style.maxWidth = `${max(330, x(right) + 190)}px`;
      cone.setAttribute("aria-label", `Cone of ${several(top, "layer")} over ${size} pixels`);
      cone.replaceChildren(...lines.sort(a => (a.getAttribute("stroke") === EDGE ? -1 : 1)), ...dots);
    };
  },
};

const HUES = [ACCENT, BLUE, "#2ba187", "#9a5d87", "#5a98cc", "#c98400"];

const optimisers = {
  name: "Ways down a bowl",
  hint: "steep one way, flat the other: paths, and the loss after each step",
  keys: "Click on the bowl to begin there.",
  start: { chosen: 0, conditioning: 20, angle: 0, start: [-8, 2], steps: 40 },
  check(s) {
    if (!Array.isArray(s.runs) || !s.runs.length || s.runs.length > 6) return "From 1 to 6 runs can be drawn.";
    for (const { optimiser, lr, momentum = 0 } of s.runs)
      if (!OPTIMISERS.includes(optimiser)) return `The optimiser must be one of ${OPTIMISERS.join(", ")}.`;
      else if (!(lr > 0 && lr <= 100 && momentum >= 0 && momentum < 1)) return "The rate must be above 0, the momentum from 0 to below 1.";
    return !(s.conditioning >= 1 && s.conditioning <= 1e4) ? "The conditioning must be from 1 to 10000."
      : !isArray(s.start, 1) || s.start.length !== 2 || !isNumber(s.angle) ? "The start must be two numbers, the angle one."
        : !(Number.isInteger(s.steps) && s.steps >= 1 && s.steps <= 1000) ? "The steps must be from 1 to 1000." : "";
  },
  build(lab) {
    const run = () => lab.s.runs[min(lab.s.chosen, lab.s.runs.length - 1)];
    const tune = patch => lab.set({ runs: replaced(lab.s.runs, [min(lab.s.chosen, lab.s.runs.length - 1)], { ...run(), ...patch }) });
    const titled = ({ optimiser, lr, momentum = 0 }) => `${optimiser}, rate ${Number(lr.toPrecision(2))}${
      momentum && (optimiser === "SGD" || optimiser === "Adam") ? `, ${optimiser === "SGD" ? "momentum" : "β₁"} ${text(momentum)}` : ""}`;
    const legend = h("div", { class: "controls", style: "margin:0", role: "group", "aria-label": "runs" });
    lab.choose("optimiser", () => OPTIMISERS, () => run().optimiser, optimiser => tune({ optimiser }));
    const logarithm = { of: v => 10 ** v, back: log10, show: v => String(Number(v.toPrecision(2))) };
    lab.range("learning rate", { get: () => run().lr, set: lr => tune({ lr }) }, -3, 1, 0.05, logarithm);
    lab.range("momentum", { get: () => run().momentum || 0, set: momentum => tune({ momentum }),
      off: () => !["SGD", "Adam"].includes(run().optimiser) }, 0, 0.99, 0.01);
    lab.range("conditioning", "conditioning", 0, 2, 0.05, logarithm);
    lab.range("turned by °", "angle", 0, 45);
    [0, 1].forEach(i => lab.range(`start w${"₁₂"[i]}`, { get: () => lab.s.start[i],
      set: v => lab.set({ start: replaced(lab.s.start, [i], v) }) }, i ? -4 : -9, i ? 4 : 4, 0.1));
    const bowl = h("svg", { class: "draw", role: "img", style: "cursor:crosshair;max-height:400px" });
    const falls = h("svg", { class: "draw", viewBox: "0 0 600 190", role: "img" });
    lab.stage.append(legend, bowl, falls);
    bowl.onclick = event => {
      const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(bowl.getScreenCTM().inverse());
      const t = (lab.s.angle * PI) / 180, [a, b] = [at.x, -at.y];
      const tenth = v => round(v * 10) / 10;
      lab.set({ start: [tenth(cos(t) * a + sin(t) * b), tenth(cos(t) * b - sin(t) * a)] });
    };
    return s => {
      const now = min(s.chosen, s.runs.length - 1), walked = s.runs.map(one => descend(one, s));
      lab.extra = { paths: walked.map(one => one.path), losses: walked.map(one => one.losses) };
      const had = [...legend.children].indexOf(document.activeElement);
      legend.replaceChildren();
      s.runs.forEach((one, i) => {
        const b = lab.button(titled(one), () => lab.set({ chosen: i }), legend);
        b.setAttribute("aria-pressed", i === now);
        b.prepend(h("span", { style: `display:inline-block;width:.75em;height:.75em;border-radius:50%;margin-right:.45em;background:${HUES[i]}`, "aria-hidden": "true" }));
      });
      legend.children[had]?.focus();
      const near = ([x, y]) => `${clamp(x, -60, 60).toFixed(3)},${clamp(-y, -60, 60).toFixed(3)}`;
      const tall = s.angle < 10 ? 3.4 : 6.2;
      bowl.setAttribute("viewBox", `-10.2 ${-tall} 15 ${2 * tall}`);
      bowl.style.overflow = "hidden";
      bowl.replaceChildren(...[90, 60, 36, 20, 9, 2].map(level => h("ellipse", { rx: sqrt(2 * level * max(1, s.conditioning / 20)),
        ry: sqrt((2 * level * max(1, s.conditioning / 20)) / s.conditioning), transform: `rotate(${-s.angle})`, fill: BLUE, "fill-opacity": 0.055,
        stroke: EDGE, "stroke-width": 0.035 })),
      ...walked.flatMap(({ path }, i) => {
        const points = path.map(w => w.map(v => (Number.isFinite(v) ? v : 1e3))), on = i === now;
        return [h("polyline", { points: points.map(near).join(" "), fill: "none", stroke: HUES[i], "stroke-width": on ? 0.09 : 0.06, opacity: on ? 1 : 0.65, "stroke-linejoin": "round" }),
          ...(on ? points.map(w => { const [cx, cy] = near(w).split(","); return h("circle", { cx, cy, r: 0.13, fill: HUES[i] }); }) : [])];
      }), h("circle", { cx: walked[0].path[0][0], cy: -walked[0].path[0][1], r: 0.28, fill: "none", stroke: "var(--ink)", "stroke-width": 0.07 }),
      h("path", { d: "M0,-.3L.09,-.09L.3,-.09L.14,.06L.2,.28L0,.14L-.2,.28L-.14,.06L-.3,-.09L-.09,-.09Z", fill: "var(--ink)" }));
      bowl.setAttribute("aria-label", `Paths of ${several(s.runs.length, "run")} on the contour lines of a bowl`);
      const X = i => 46 + (i * 540) / s.steps, Y = v => 12 + (150 * (4 - log10(clamp(v || 1e-7, 1e-7, 1e4)))) / 11;
      falls.replaceChildren(...[4, 2, 0, -2, -4, -6].flatMap(e => [h("path", { d: `M46,${Y(10 ** e)}H586`, stroke: "var(--line)" }),
        h("text", { x: 40, y: Y(10 ** e) + 4, "text-anchor": "end" }, `10${String(e).replace(/[-\d]/g, d => "⁰¹²³⁴⁵⁶"[d] || "⁻")}`)]),
      h("text", { x: 586, y: 184, "text-anchor": "end" }, `loss at each of ${s.steps} steps`),
      ...walked.map(({ losses }, i) => h("polyline", { points: losses.map((v, t) => `${X(t)},${Y(Number.isFinite(v) ? v : 1e4)}`).join(" "), fill: "none", stroke: HUES[i],
        "stroke-width": i === now ? 2.6 : 1.5, opacity: i === now ? 1 : 0.5 })));
      falls.setAttribute("aria-label", "Loss of each run at each step, on a logarithmic scale");
      const end = walked[now].losses[s.steps];
      lab.say(`${titled(s.runs[now])}: loss ${end < 1e9 ? end.toExponential(1).replace("-", "−") : "away to infinity"} after ${s.steps} steps.`);
    };
  },
};

export const MODES = { window: windowed, photo, channels, transposed, backward, network: net, receptive, optimisers };

// ---------------------------------------------------------------------------- where it is started

// `el` may hold the static picture, or the model may: it gives way once the laboratory runs.
function render({ model, el }) {
  if (!document.getElementById("laboratory-style"))
    document.head.append(h("style", { id: "laboratory-style" }, CSS.replace(/^(?=[\w*[.](?!lab[ {]))/gm, ".lab ")));
  const still = el.querySelector("img.still") || (model.get("still") && h("img", { class: "still",
    src: model.get("still"), alt: model.get("alt"), style: "max-width:100%" }));
  let problem = "", stop;
  try {
    problem = trouble(model.get("state"));
    if (!problem) stop = start(model, el);
  } catch (error) {
    problem = `The laboratory stopped: ${error.message}.`;
    el.querySelector(".lab")?.remove();
  }
  if (still && problem && !still.isConnected) el.prepend(still);
  if (still) still.hidden = !problem;
  if (problem) el.append(h("p", { class: "lab", role: "alert" }, `${problem} The picture stays as it was.`));
  return stop;
}

export default { render };
