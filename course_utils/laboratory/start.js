// Starts every laboratory that stands on the page and has not been started. A page holds the
// module once, packed; it is imported from there, because a page opened from a file may not
// import another file. Cells may be drawn late and in any order, so this waits for the module.
(function () {
  const shared = (window.courseLaboratory ??= { module: null, waiting: false });
  const left = () => document.querySelectorAll(".laboratory:not([data-started])");
  async function unpacked(text) {
    const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    const blob = new Blob([await new Response(stream).text()], { type: "text/javascript" });
    return import(URL.createObjectURL(blob));
  }
  function load() {
    const held = document.querySelector("script.laboratory-module");
    return held && unpacked(held.textContent);
  }
  async function begin(box) {
    box.dataset.started = "yes";
    try {
      const { default: laboratory } = await shared.module;
      let state = JSON.parse(box.querySelector("script.start").textContent);
      laboratory.render({
        el: box,
        model: {
          get: (name) => (name === "state" ? state : undefined),
          set: (name, value) => (state = value),
          on() {},
          save_changes() {},
        },
      });
    } catch (error) {
      const said = document.createElement("p");
      said.textContent = `The laboratory could not start here (${error.message}); the picture stays.`;
      box.append(said);
    }
  }
  function look() {
    shared.module ??= load();
    if (shared.module) left().forEach(begin);
    shared.waiting = left().length > 0 || !document.querySelector(".laboratory");
    if (shared.waiting && (shared.tries = (shared.tries || 0) + 1) < 3600) setTimeout(look, 500);
    else shared.tries = 0;
  }
  if (!shared.waiting) look();
})();
