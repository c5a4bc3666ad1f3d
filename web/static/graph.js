"use strict";
// The drawing of an ancestry or an impact: the service lays it out, this draws
// it, pans and zooms by the view box, folds and unfolds by asking again.
for (const section of document.querySelectorAll("[data-graph]")) {
  const canvas = section.querySelector("[data-graph-canvas]"), said = section.querySelector("[data-graph-said]");
  const controls = section.querySelector("[data-graph-controls]");
  const collapsed = new Set(), open = new Set();
  const make = (name, attributes, ...children) => {
    const e = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) e.setAttribute(key, value);
    e.append(...children);
    return e;
  };
  let svg, box, drawn, asked = 0;

  const show = () => svg?.setAttribute("viewBox", `${box.x} ${box.y} ${box.w} ${box.h}`);
  const fit = () => {
    const { width, height } = canvas.getBoundingClientRect();
    const scale = Math.max(drawn.width / width, drawn.height / height, 0.8);
    box = { w: width * scale, h: height * scale };
    box.x = (drawn.width - box.w) / 2; box.y = (drawn.height - box.h) / 2;
    show();
  };
  // At first, what can be read: the root, and as much around it as there is room for.
  const begin = () => {
    fit();
    const { width } = canvas.getBoundingClientRect(), root = drawn.nodes.find((n) => n.root);
    if (!root || box.w / width <= 1.5) return;
    const up = direction() === "upstream", w = width * 1.2, h = box.h * w / box.w;
    box = { x: up ? root.x + 192 - w : root.x - 24, y: root.y + 23 - h / 2, w, h };
    show();
  };
  const zoom = (by, x = box.x + box.w / 2, y = box.y + box.h / 2) => {
    const w = Math.min(Math.max(box.w * by, 200), 40 * Math.max(drawn.width, drawn.height, 400));
    by = w / box.w;
    box = { x: x - (x - box.x) * by, y: y - (y - box.y) * by, w, h: box.h * by };
    show();
  };
  const point = (e) => {
    const { left, top, width, height } = canvas.getBoundingClientRect();
    return [box.x + (e.clientX - left) / width * box.w, box.y + (e.clientY - top) / height * box.h];
  };

  const path = (points) => points.reduce((d, [x, y], i) => {
    if (!i) return `M${x} ${y}`;
    const [px, py] = points[i - 1], middle = (px + x) / 2;
    return `${d}C${middle} ${py} ${middle} ${y} ${x} ${y}`;
  }, "");
  const cut = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

  function drawNode(node) {
    const g = make("g", { class: `node ${node.kind}${node.root ? " root" : ""}${node.possible ? " possible" : ""}`, transform: `translate(${node.x} ${node.y})` });
    const a = make("a", { href: node.link, tabindex: "-1", "aria-description": node.label, "data-id": node.id });
    if (node.count > 1) a.setAttribute("href", "#");
    if (node.count > 1) a.append(make("rect", { class: "box", x: 4, y: 4, width: 168, height: 46, rx: 8 }));
    a.append(make("rect", { class: "box", width: 168, height: 46, rx: 8 }), make("rect", { class: "kind", width: 6, height: 46, rx: 3 }));
    const title = make("text", { x: 14, y: 18 }), line = make("text", { x: 14, y: 33, class: "line" }), hint = make("title", {});
    title.textContent = cut(node.title, 23); line.textContent = cut(node.line, 28); hint.textContent = node.label;
    a.append(title, line);
    g.append(hint);
    if (node.share >= 0) a.append(make("rect", { class: "share-track", x: 14, y: 39, width: 144, height: 3, rx: 1.5 }), make("rect", { class: "share", x: 14, y: 39, width: 1.44 * node.share, height: 3, rx: 1.5 }));
    a.addEventListener("click", (e) => {
      if (moved) { e.preventDefault(); return; }
      if (node.count > 1) { e.preventDefault(); open.add(node.id); ask(node.id); }
    });
    for (const kind of ["pointerenter", "focus"]) a.addEventListener(kind, () => near(node.id));
    g.append(a);
    if (node.leads) {
      const x = direction() === "upstream" ? -4 : 172;
      const text = make("text", { x, y: 27 });
      text.textContent = node.collapsed ? "+" : "−";
      const fold = make("g", { class: "fold", "aria-hidden": "true" }, make("circle", { cx: x, cy: 23, r: 8 }), text);
      fold.addEventListener("click", () => { if (!moved) toggle(node); });
      g.append(fold);
      if (node.hidden) { const n = make("text", { class: "line", x: x + (direction() === "upstream" ? -14 : 14), y: 27, "text-anchor": direction() === "upstream" ? "end" : "start" }); n.textContent = `${node.hidden} folded`; g.append(n); }
    }
    return g;
  }
  const toggle = (node) => { if (!collapsed.delete(node.id)) collapsed.add(node.id); ask(node.id); };
  const near = (id) => {
    for (const edge of svg.querySelectorAll(".edge")) edge.classList.toggle("near", edge.dataset.from === id || edge.dataset.to === id);
  };

  function draw(focus) {
    svg = make("svg", { role: "group", "aria-label": `Drawing with ${drawn.nodes.length} nodes` });
    const edges = make("g", {}), labels = make("g", { "aria-hidden": "true" }), nodes = make("g", {});
    for (const e of drawn.edges) {
      const line = make("path", { class: `edge${e.possible ? " possible" : ""}`, d: path(e.points), "data-from": e.from, "data-to": e.to });
      const hint = make("title", {}); hint.textContent = e.label;
      if (e.label) line.append(hint);
      edges.append(line);
      if (e.volume && drawn.edges.length <= 80) {
        const [[ax, ay], [bx, by]] = e.points.slice(-2);
        const text = make("text", { class: "edge-label", x: (ax + bx) / 2, y: (ay + by) / 2 - 5, "text-anchor": "middle" });
        text.textContent = e.volume; labels.append(text);
      }
    }
    for (const n of drawn.nodes) nodes.append(drawNode(n));
    svg.append(edges, labels, nodes);
    canvas.replaceChildren(svg);
    if (!focus) canvas.style.height = `${Math.min(Math.max(drawn.height, 160), 0.62 * innerHeight)}px`;
    if (focus && box) { show(); tab(focus); nodes.querySelector(`[data-id="${CSS.escape(focus)}"]`)?.focus(); } else { begin(); tab(drawn.nodes.find((n) => n.root)?.id); }
    said.textContent = `${drawn.total === 1 ? "Nothing more is known in this direction." : `${drawn.total} nodes, ${drawn.nodes.length} drawn.`} ${drawn.notes.join(" ")}`;
  }

  // One node is in the order of Tab; arrows go to the nearest in their direction.
  const link = (id) => svg.querySelector(`[data-id="${CSS.escape(id ?? "")}"]`);
  const tab = (id) => { svg.querySelector('[tabindex="0"]')?.setAttribute("tabindex", "-1"); (link(id) ?? svg.querySelector("[data-id]"))?.setAttribute("tabindex", "0"); };
  canvas.addEventListener("keydown", (e) => {
    const from = drawn?.nodes.find((n) => n.id === e.target.closest("[data-id]")?.dataset.id);
    if (!from) return;
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[e.key];
    if (way) {
      e.preventDefault();
      let best = null, least = Infinity;
      for (const n of drawn.nodes) {
        const dx = n.x - from.x, dy = n.y - from.y, along = dx * way[0] + dy * way[1], beside = Math.abs(dx * way[1]) + Math.abs(dy * way[0]);
        if (along > 1 && along + 3 * beside < least && (way[0] || beside < 200)) { best = n; least = along + 3 * beside; }
      }
      if (best) {
        tab(best.id);
        if (best.x < box.x || best.x + 168 > box.x + box.w) box.x = best.x + 84 - box.w / 2;
        if (best.y < box.y || best.y + 46 > box.y + box.h) box.y = best.y + 23 - box.h / 2;
        show(); link(best.id).focus({ preventScroll: true });
      }
    } else if ((e.key === "-" && !from.collapsed || e.key === "+" && from.collapsed) && from.leads) { e.preventDefault(); toggle(from); }
  });

  let pan = null, moved = false;
  canvas.addEventListener("pointerdown", (e) => { if (svg && e.button === 0) { pan = { x: e.clientX, y: e.clientY, box: { ...box } }; moved = false; } });
  addEventListener("pointermove", (e) => {
    if (!pan) return;
    const { width } = canvas.getBoundingClientRect(), dx = e.clientX - pan.x, dy = e.clientY - pan.y;
    if (Math.hypot(dx, dy) > 4) { moved = true; svg.classList.add("pans"); }
    if (moved) { box.x = pan.box.x - dx * box.w / width; box.y = pan.box.y - dy * box.w / width; show(); }
  });
  addEventListener("pointerup", () => { pan = null; svg?.classList.remove("pans"); });
  canvas.addEventListener("dragstart", (e) => e.preventDefault());
  canvas.addEventListener("wheel", (e) => { if (svg && (e.ctrlKey || e.metaKey)) { e.preventDefault(); zoom(e.deltaY > 0 ? 1.15 : 1 / 1.15, ...point(e)); } }, { passive: false });
  section.querySelector("[data-zoom=in]").addEventListener("click", () => svg && zoom(1 / 1.4));
  section.querySelector("[data-zoom=out]").addEventListener("click", () => svg && zoom(1.4));
  section.querySelector("[data-zoom=fit]").addEventListener("click", () => svg && fit());

  const direction = () => controls.elements.direction.value;
  async function ask(focus) {
    const mine = ++asked, query = new URLSearchParams(new FormData(controls));
    query.set("of", section.dataset.graph);
    if (section.dataset.asof) query.set("asof", section.dataset.asof);
    if (collapsed.size) query.set("collapse", [...collapsed].join(","));
    if (open.size) query.set("open", [...open].join(","));
    section.setAttribute("aria-busy", "true");
    const answer = await fetch(`/graph?${query}`).catch(() => null);
    if (mine !== asked) return;
    section.removeAttribute("aria-busy");
    const body = await answer?.json().catch(() => null);
    if (!answer?.ok || !body) { said.textContent = body?.error ?? "The service does not answer."; return; }
    drawn = body;
    draw(focus);
  }
  controls.addEventListener("change", () => { collapsed.clear(); open.clear(); ask(); });
  controls.addEventListener("submit", (e) => { e.preventDefault(); ask(); });
  ask();
}
