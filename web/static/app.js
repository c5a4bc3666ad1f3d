"use strict";
// What every page has: times in the reader's zone, the search box's suggestions,
// forms that need no button, pages that look again while something goes on.
// plate.js and graph.js are asked for where there is a plate or a graph.

function localTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime()) || time.title) continue;
    time.title = time.textContent;
    const two = (n) => String(n).padStart(2, "0");
    const day = document.createElement("span"); // a narrow column breaks after it, and nowhere else
    day.textContent = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
    time.replaceChildren(day, ` ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`);
  }
}

function suggest(input) {
  const list = input.form.querySelector("[role=listbox]");
  let asked = 0, at = -1, timer;
  const close = () => { list.hidden = true; at = -1; input.setAttribute("aria-expanded", "false"); input.removeAttribute("aria-activedescendant"); };
  const go = (item) => { location.assign(item.dataset.link); };
  const mark = (to) => {
    const items = [...list.children];
    if (!items.length) return;
    at = (to + items.length) % items.length;
    items.forEach((item, i) => item.setAttribute("aria-selected", String(i === at)));
    input.setAttribute("aria-activedescendant", items[at].id);
    items[at].scrollIntoView({ block: "nearest" });
  };
  const ask = async () => {
    const mine = ++asked;
    if (!input.value.trim()) { close(); return; }
    const answer = await fetch(`${input.dataset.suggest}?q=${encodeURIComponent(input.value)}`).catch(() => null);
    if (!answer?.ok || mine !== asked) return;
    const found = await answer.json(), chosen = list.children[at]?.dataset.link;
    list.replaceChildren(...found.map((one, i) => {
      const item = document.createElement("li");
      item.id = `suggestion-${i}`; item.role = "option"; item.dataset.link = one.link;
      item.setAttribute("aria-selected", "false");
      const name = document.createElement("span"), where = document.createElement("small");
      name.textContent = one.name; where.textContent = [one.kind.toLowerCase(), one.where].filter(Boolean).join(" · ");
      item.append(name, where);
      item.addEventListener("mousedown", (e) => { e.preventDefault(); go(item); });
      return item;
    }));
    at = -1;
    list.hidden = !found.length;
    input.setAttribute("aria-expanded", String(!list.hidden));
    const same = found.findIndex((one) => one.link === chosen);
    if (same >= 0) mark(same);
  };
  input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(ask, 120); });
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (e) => {
    if (list.hidden) return;
    if (e.key === "ArrowDown") { mark(at + 1); e.preventDefault(); }
    if (e.key === "ArrowUp") { mark(at - 1); e.preventDefault(); }
    if (e.key === "Escape") close();
  });
  input.form.addEventListener("submit", (e) => { if (!list.hidden && at >= 0) { e.preventDefault(); go(list.children[at]); } });
}

function submitOnChange(form) {
  form.addEventListener("change", (e) => {
    if (e.target.matches("select[name=by]")) { const other = form.elements.ancestor; if (other) other.value = ""; }
    form.requestSubmit();
  });
}

// live asks for the page again and puts what changed in its place. The answer is
// "not modified" while nothing did.
function live(main) {
  let tag = null, wait = 1000;
  const again = async () => {
    if (!document.hidden) {
      const answer = await fetch(location.href, { headers: tag ? { "If-None-Match": tag } : {}, cache: "no-store" }).catch(() => null);
      if (answer?.status === 200) {
        tag = answer.headers.get("ETag");
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const fresh = page.querySelector("main");
        for (const part of main.querySelectorAll("[data-part]")) {
          const other = fresh.querySelector(`[data-part="${part.dataset.part}"]`);
          if (!other || other.innerHTML === part.dataset.was || part.contains(document.activeElement)) continue;
          part.dataset.was = other.innerHTML;
          part.innerHTML = other.innerHTML;
          localTimes(part);
        }
        if (!("live" in fresh.dataset)) return; // it has ended
      }
      wait = answer ? 1000 : Math.min(wait * 2, 30000);
    }
    setTimeout(again, wait);
  };
  setTimeout(again, wait);
}

// A declaration shows the fields of what it is about.
function targets(form) {
  const show = () => { for (const part of form.querySelectorAll("[data-for]")) part.hidden = !part.dataset.for.split(" ").includes(form.elements.target.value); };
  form.addEventListener("change", show);
  show();
}

// A package that is dropped on its form is sent.
function drops(form) {
  const input = form.elements.package;
  for (const name of ["dragenter", "dragover"]) form.addEventListener(name, (e) => { e.preventDefault(); form.classList.add("over"); });
  for (const name of ["dragleave", "drop"]) form.addEventListener(name, () => form.classList.remove("over"));
  form.addEventListener("drop", (e) => {
    e.preventDefault();
    if (!e.dataTransfer.files.length) return;
    input.files = e.dataTransfer.files;
    form.requestSubmit();
  });
}

// The moments at which an answer changed, oldest left, as a slider beside their list.
function slides(list) {
  const options = [...list.options].reverse(), slider = document.createElement("input");
  if (options.length < 2) return;
  Object.assign(slider, { type: "range", min: 0, max: options.length - 1, value: options.indexOf(list.selectedOptions[0]), className: "moments" });
  slider.setAttribute("aria-label", "As known");
  const say = () => { list.value = options[slider.value].value; slider.setAttribute("aria-valuetext", options[slider.value].textContent); };
  say();
  slider.addEventListener("input", say);
  list.form.prepend(slider); // its change sends the form, as that of the list does
}

// What scrolls sideways must be reached by the keyboard.
function scrolling() {
  for (const table of document.querySelectorAll("table")) {
    if (table.scrollWidth > table.clientWidth) table.tabIndex = 0; else table.removeAttribute("tabindex");
  }
}

localTimes(document);
scrolling();
addEventListener("resize", scrolling);
document.querySelectorAll("form.declare").forEach(targets);
document.querySelectorAll(".asof select").forEach(slides);
document.querySelectorAll("form[data-drop]").forEach(drops);
document.querySelectorAll("[data-suggest]").forEach(suggest);
document.querySelectorAll("[data-submit-on-change]").forEach(submitOnChange);
document.querySelectorAll("main[data-live]").forEach(live);
