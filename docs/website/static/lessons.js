// Commit, then see, on the website: the text that explains an answer is folded with it, and what a
// reader has committed to is shown beside the lectures' links. Without a script all is plain text.
(() => {
  const key = "convnet-progress";
  const read = name => { try { return JSON.parse(localStorage.getItem(name)) || {}; } catch { return {}; } };
  const name = path => path.split("/").slice(-2).join("/");
  const boxesOf = cell => [...cell.querySelectorAll(".quiz.predict")];
  const committed = cell => boxesOf(cell).every(box => read("convnet-said")[box.dataset.id] !== undefined || box.dataset.said);

  // The text after the cells that answer, until the next cell or heading.
  const fold = cell => {
    const texts = [];
    let answered = false;
    for (let next = cell.nextElementSibling; next; next = next.nextElementSibling) {
      if (next.matches(".cell")) {
        if (texts.length || (answered && boxesOf(next).length)) break;
        answered = true;
      } else if (next.matches("section")) break;
      else if (next.textContent.trim() && answered) texts.push(next);
    }
    if (!texts.length) return;
    const details = document.createElement("details");
    details.className = "explained";
    details.open = committed(cell);
    details.append(Object.assign(document.createElement("summary"), { textContent: "What it shows" }));
    texts[0].before(details);
    details.append(...texts);
    window.addEventListener("convnet-said", () => setTimeout(() => { details.open ||= committed(cell); }));
  };

  const note = () => {
    const ids = [...document.querySelectorAll(".quiz.predict")].map(box => box.dataset.id);
    if (!ids.length) return;
    const said = read("convnet-said");
    const progress = { ...read(key), [name(location.pathname)]: [ids.filter(id => said[id] !== undefined).length, ids.length] };
    try { localStorage.setItem(key, JSON.stringify(progress)); } catch { /* forbidden: nothing is kept */ }
  };
  const show = () => {
    const progress = read(key);
    document.querySelectorAll(".bd-sidebar-primary a.reference.internal").forEach(link => {
      const [done, all] = progress[name(new URL(link.href).pathname)] || [];
      link.querySelector(".progress-said")?.remove();
      if (!all) return;
      const mark = document.createElement("span");
      mark.className = "progress-said";
      mark.textContent = done == all ? ` ✓ all ${all} committed` : ` ${done} of ${all} committed`;
      link.append(mark);
    });
  };
  const refresh = () => { note(); show(); };
  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll(".cell").forEach(cell => boxesOf(cell).length && fold(cell));
    refresh();
  });
  window.addEventListener("convnet-said", refresh);
})();
