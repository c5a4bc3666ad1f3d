"use strict";
// The map of a plate: what a well holds, under the pointer or the keyboard.
{
  const map = document.querySelector("[data-plate]");
  const detail = document.querySelector("[data-plate-detail]");
  const facts = JSON.parse(document.querySelector("[data-plate-facts]").textContent);
  const wells = new Map([...map.querySelectorAll("[data-well]")].map((a) => [a.dataset.well, a]));
  const element = (name, text, className) => {
    const e = document.createElement(name);
    if (text !== undefined) e.textContent = text;
    if (className) e.className = className;
    return e;
  };
  const place = (well) => {
    const [, letters, digits] = /^([A-Z]+)(\d+)$/.exec(well) ?? [];
    return letters ? [[...letters].reduce((row, l) => row * 26 + l.charCodeAt(0) - 64, 0), Number(digits)] : null;
  };
  const names = (row) => { let name = ""; for (; row > 0; row = Math.floor((row - 1) / 26)) name = String.fromCharCode(65 + (row - 1) % 26) + name; return name; };

  const show = (well) => {
    const held = facts[well];
    if (!held) return;
    const rows = element("dl");
    rows.append(element("dt", "Volume"), element("dd", held.v));
    for (const [what, value] of held.m ?? []) rows.append(element("dt", what), element("dd", value));
    const parts = held.l.map(([name, share, percent]) => {
      const part = element("div", undefined, "part"), line = element("span");
      line.append(element("span", name), element("span", share));
      const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      svg.setAttribute("viewBox", "0 0 100 6"); svg.setAttribute("preserveAspectRatio", "none"); svg.setAttribute("class", "bar"); svg.setAttribute("aria-hidden", "true");
      for (const [kind, width] of [["track", 100], ["fill", percent]]) {
        const rect = document.createElementNS("http://www.w3.org/2000/svg", "rect");
        rect.setAttribute("class", kind); rect.setAttribute("width", width); rect.setAttribute("height", 6);
        svg.append(rect);
      }
      part.append(line, svg);
      return part;
    });
    detail.replaceChildren(element("h2", well), rows, ...parts);
    for (const a of wells.values()) a.classList.toggle("at", a.dataset.well === well);
  };

  // One well is in the order of Tab; arrows go from well to well.
  let at = wells.keys().next().value;
  const tab = (well) => { wells.get(at)?.setAttribute("tabindex", "-1"); at = well; wells.get(at)?.setAttribute("tabindex", "0"); };
  for (const a of wells.values()) a.setAttribute("tabindex", "-1");
  if (at) tab(at);
  const steps = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
  map.addEventListener("keydown", (e) => {
    const step = steps[e.key], from = place(e.target.closest("[data-well]")?.dataset.well ?? "");
    if (!step || !from) return;
    e.preventDefault();
    for (let i = 1; i <= 96; i++) {
      const to = names(from[0] + i * step[0]) + (from[1] + i * step[1]);
      if (wells.has(to)) { tab(to); wells.get(to).focus(); return; }
    }
  });
  for (const kind of ["pointerover", "focusin"]) {
    map.addEventListener(kind, (e) => { const well = e.target.closest("[data-well]")?.dataset.well; if (well) show(well); });
  }
}
