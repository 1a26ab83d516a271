// Questions, predictions and the record of a lecture, on any page that runs scripts: JupyterLab and
// the website. A notebook holds this once; every box waits in a list until it is there.
(() => {
if (window.convnetQuiz && !Array.isArray(window.convnetQuiz)) return;
// What people write for a number: spaces, commas and units of thousands; NaN if it is none.
const number = (text, unit = "") => {
  const factors = { k: 1e3, thousand: 1e3, m: 1e6, mio: 1e6, million: 1e6, g: 1e9, b: 1e9, bn: 1e9, billion: 1e9 };
  let t = text.trim().toLowerCase().replace(/[−–]/g, "-").replace(/[\s\u00a0\u202f_'’]/g, "").replace(/½/, ".5");
  t = t.replace(/[x×·*]10(?:\^|\*\*)?/, "e").replace(/[⁻⁰¹²³⁴-⁹]/g, c => "-0123456789"["⁻⁰¹²³⁴⁵⁶⁷⁸⁹".indexOf(c)]);
  const scale = t.match(/(?:%|[a-z]+)$/);
  let factor = 1;
  if (scale) {
    t = t.slice(0, scale.index);
    factor = unit && scale[0] == unit.replace(/\s/g, "").toLowerCase() ? 1 : scale[0] == "%" ? 0.01 : factors[scale[0]];
  }
  if (/^-?[1-9]\d{0,2}(,\d{3})+(\.\d+)?$/.test(t)) t = t.replace(/,/g, "");
  else if (/^-?\d{1,3}(\.\d{3})+,\d+$|^-?\d{1,3}(\.\d{3}){2,}$/.test(t)) t = t.replace(/\./g, "").replace(",", ".");
  else t = t.replace(",", ".");
  const parts = t.split("/");
  if (!parts.every(part => /^-?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/.test(part))) return NaN;
  return parts.map(Number).reduce((a, b) => a / b) * factor;
};
// What was said, by the id of the prediction: in this browser alone, or where that is forbidden
// only as long as the page is open.
const shelf = {
  key: "convnet-said",
  all() {
    try { return JSON.parse(localStorage.getItem(this.key)) || {}; } catch { return window.convnetSaid || {}; }
  },
  put(id, said) {
    const all = { ...this.all(), [id]: said };
    window.convnetSaid = all;
    try { localStorage.setItem(this.key, JSON.stringify(all)); return true; } catch { return false; }
    finally { window.dispatchEvent(new Event("convnet-said")); }
  },
};
const cellOf = box => box.closest(".cell, .jp-Cell");
// The cells that answer: those of code which follow, until a text.
const answers = box => {
  const found = [];
  for (let next = cellOf(box)?.nextElementSibling; next; next = next.nextElementSibling) {
    if (next.querySelector(".predict")) break;
    if (next.matches(".cell, .jp-CodeCell")) found.push(next);
    else if (next.textContent.trim()) break;
  }
  return found;
};
const unfold = box => {
  const mine = [...cellOf(box)?.querySelectorAll(".predict") || []];
  if (!mine.every(one => one.dataset.said)) return;
  answers(box).forEach(cell => {
    cell.querySelectorAll("details.hide").forEach(fold => fold.open = true);
    cell.querySelector(".jp-OutputPlaceholder")?.click();
  });
  const place = answers(box).flatMap(cell => [...cell.querySelectorAll("details.hide .cell_output")])[0];
  if (!place || place.querySelector(".you-said")) return;
  const line = document.createElement("p");
  line.className = "you-said";
  line.textContent = "You said " + mine.map(one => one.dataset.said).join("; ") + ".";
  place.prepend(line);
};
const draw = box => {
  const inputs = [...box.querySelectorAll("input")], line = box.querySelector("polyline");
  const redraw = () => {
    const points = inputs.map((input, i) => [i, number(input.value, box.dataset.unit)]).filter(p => !isNaN(p[1]));
    const ys = points.map(p => p[1]), low = Math.min(0, ...ys), room = Math.max(...ys, low + 1e-9) - low;
    line.setAttribute("points", points.map(([i, y]) => `${(i + .5) * 300 / inputs.length},${75 - 70 * (y - low) / room}`).join(" "));
  };
  inputs.forEach(input => input.addEventListener("input", redraw));
};
const shown = (said, unit = "") => {
  const text = [said].flat(2).join(", ");
  return text + (unit && !text.endsWith(unit) ? " " + unit : "");
};
const predict = box => {
  const { kind, unit = "" } = box.dataset, inputs = [...box.querySelectorAll("input")];
  const status = box.querySelector("output"), button = box.querySelector("button");
  const fix = (said, kept = true) => {
    const all = Array.isArray(said) ? said : [said];
    inputs.forEach((input, i) => {
      if (kind == "choice") input.checked = input.value == said; else input.value = all[i] ?? "";
      input.disabled = true;
      input.dispatchEvent(new Event("input"));
    });
    button.hidden = true;
    box.dataset.said = shown(said, unit);
    status.textContent = "You said " + box.dataset.said + "." + (kept ? "" : " This browser keeps nothing, so it is forgotten when the page is closed.");
    unfold(box);
  };
  const commit = () => {
    if (box.dataset.said) return;
    const values = kind == "choice" ? inputs.filter(i => i.checked).map(i => i.value) : inputs.map(i => i.value.trim());
    const missing = kind == "choice" ? !values.length : values.some(v => !v);
    const numeric = kind != "choice" && kind != "text";
    const slip = missing ? (kind == "choice" ? "Choose one first." : inputs.length > 1 ? "Fill in every field first." : "Write something first.")
      : numeric && values.some(v => isNaN(number(v, unit))) ? "Write numbers, such as 1200, 1 200, 0.5 or 1e-3." : "";
    if (slip) return status.textContent = slip;
    const said = inputs.length > 1 && kind != "choice" ? values : values[0];
    fix(said, shelf.put(box.dataset.id, said));
    status.tabIndex = -1;
    status.focus();
  };
  button.onclick = commit;
  inputs.forEach(input => input.onkeydown = event => { if (event.key == "Enter") { event.preventDefault(); commit(); } });
  if (kind == "curve") draw(box);
  const before = shelf.all()[box.dataset.id];
  if (before !== undefined) fix(before);
};
const ask = (box, { kind, answer, because, wrong, otherwise }) => {
  const inputs = [...box.querySelectorAll("input")];
  const status = box.querySelector("output"), [check, show] = box.querySelectorAll("button.live");
  let misses = 0;
  show.hidden = true;
  const say = (right, text) => {
    status.textContent = (right ? "✓ " : "✗ ") + text;
    misses += !right;
    show.hidden = right || misses < 2;
  };
  const reason = (value, same) => Object.entries(wrong).find(([given]) => same(given, value))?.[1];
  const near = (a, b) => Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(b));
  const judge = () => {
    if (kind == "number") {
      const value = number(inputs[0].value);
      if (isNaN(value)) return status.textContent = "Write a number, such as 1200, 1 200, 0.5 or 1e-3.";
      return near(value, answer) ? say(true, because) : say(false, reason(value, (a, b) => near(Number(a), b)) || otherwise);
    }
    const chosen = inputs.filter(i => i.checked).map(i => i.value);
    if (!chosen.length) return status.textContent = "Choose first.";
    const extra = chosen.find(c => ![answer].flat().includes(c)), missing = [answer].flat().length - chosen.length;
    if (extra !== undefined) return say(false, wrong[extra]);
    return missing ? say(false, "What you chose is right, but it is not all.") : say(true, because);
  };
  check.onclick = judge;
  show.onclick = () => { say(true, [answer].flat().join(", ") + ". " + because); inputs.forEach(i => { if (kind == "number") i.value = answer; else i.checked = [answer].flat().includes(i.value); }); };
  inputs.forEach(input => input.onkeydown = event => { if (event.key == "Enter") { event.preventDefault(); if (kind == "choice") input.checked = true; judge(); } });
};
const record = (box, predictions) => {
  const list = box.querySelector("ul"), count = box.querySelector("p"), button = box.querySelector("button"), status = box.querySelector("output");
  const near = ({ kind, answer, within, unit }, said) => {
    if (answer === undefined || kind == "text") return null;
    if (kind == "choice") return said == answer;
    const truth = [answer].flat(2), given = [said].flat().map(v => number(v, unit));
    return truth.every((t, i) => Math.abs(given[i] - t) <= within[i] + 1e-9);
  };
  let text = "";
  const refresh = () => {
    const said = shelf.all(), mine = predictions.filter(p => said[p.id] !== undefined), verdicts = mine.map(p => near(p, said[p.id]));
    const hits = verdicts.filter(v => v).length, misses = verdicts.filter(v => v === false).length, open = mine.length - hits - misses;
    count.textContent = mine.length ? `You committed ${mine.length} of ${predictions.length} predictions: ${hits} near, ${misses} far` + (open ? `, ${open} for you to judge.` : ".")
      : `None of this lecture's ${predictions.length} predictions is committed in this browser yet.`;
    const lines = mine.map((p, i) => `${verdicts[i] ? "near" : verdicts[i] === false ? "far" : "yours to judge"}: ${p.text} You said ${shown(said[p.id], p.unit)}` + (p.answer === undefined ? "." : `; it is ${shown(p.answer, p.unit)}.`));
    list.replaceChildren(...lines.map(line => Object.assign(document.createElement("li"), { textContent: line })));
    button.hidden = !mine.length;
    text = [count.textContent, ...lines].join("\n");
  };
  button.onclick = async () => {
    try { await navigator.clipboard.writeText(text); status.textContent = "Copied."; }
    catch { getSelection().selectAllChildren(box); status.textContent = "Selected: copy it with Ctrl+C."; }
  };
  window.addEventListener("convnet-said", refresh);
  refresh();
};

const kinds = { predict, ask, record };
// The boxes on the page that nobody has set up yet; a frontend may put them there a little later.
const push = ([kind, id, data], tries = 50) => {
  if (document.readyState == "loading") {  // what a reader committed unfolds cells further down
    return document.addEventListener("DOMContentLoaded", () => push([kind, id, data]));
  }
  const found = document.querySelectorAll(`[id="${id}"]:not([data-on])`);
  found.forEach(box => {
    box.dataset.on = 1;
    box.querySelectorAll(".live").forEach(part => {  // without a script nothing says "Commit"
      part.removeAttribute("hidden");
      if (part.dataset.say) part.textContent = part.dataset.say;
    });
    kinds[kind](box, data);
  });
  if (!found.length && tries) setTimeout(() => push([kind, id, data], tries - 1), 100);
};
const waiting = window.convnetQuiz || [];
window.convnetQuiz = { push: box => push(box), number };
waiting.forEach(box => push(box));
})();
