// What HTML alone can't do: dialogs, the slider's twin, ages that count on, charts that read their table.
// Every page also works without this file.
"use strict";
const all = (selector, from = document) => [...from.querySelectorAll(selector)];
const dialog = document.getElementById("dialog");
const offline = document.getElementById("offline");

// Dialogs: a link or form with data-dialog has a page of its own; htmx brings its part into <dialog>.
document.addEventListener("htmx:afterSwap", ({ detail: { target } }) => { if (target === dialog && !dialog.open) dialog.showModal(); });
document.addEventListener("htmx:sendError", ({ detail: { elt } }) => {
  if (!elt.matches("[data-dialog]")) return;
  if (elt.href) location.assign(elt.href); else elt.submit();
});
document.addEventListener("click", event => {
  if (event.target === dialog) dialog.close();
  const cancel = event.target.closest("dialog [data-cancel]");
  if (cancel) { event.preventDefault(); dialog.close(); }
});

// A deed is sent once, however often its button is pressed; a form that htmx sends (the tester's) does none.
document.addEventListener("submit", event => {
  const form = event.target;
  if (form.method !== "post" || form.hasAttribute("hx-post")) return;
  if (form.dataset.sent) return event.preventDefault();
  form.dataset.sent = "1";
  addEventListener("pageshow", () => delete form.dataset.sent, { once: true });
});

// The slider moves its number field and the words beside it; nothing else.
document.addEventListener("input", ({ target }) => {
  const slider = target.matches("[data-twin]") ? target : document.querySelector(`[data-twin="${CSS.escape(target.id || "-")}"]`);
  if (!slider) return;
  const number = document.getElementById(slider.dataset.twin);
  if (target === slider) number.value = slider.value; else slider.value = number.value;
  const share = Math.min(100, Math.max(0, Number(slider.value)));
  const space = document.documentElement.lang.startsWith("zh") ? "" : "\u00a0";
  for (const node of all("[data-say]")) node.textContent = `${node.dataset.say === "stable" ? 100 - share : share}${space}%`;
  for (const bar of all("svg[data-follow]")) {
    const [candidate, stable] = all("rect", bar);
    candidate.setAttribute("width", `${share}%`);
    stable.setAttribute("x", `${share}%`); stable.setAttribute("width", `${100 - share}%`);
    bar.querySelector(".gap")?.remove();
  }
});

// Live parts: what has the focus, an open menu or details, or a number being typed, is not replaced.
let behind = false;
const touched = part => part.contains(document.activeElement) || part.querySelector(":popover-open, details[open]")
  || all("input", part).some(input => input.value !== input.defaultValue);
// What somebody pressed a button for is theirs: their own fields come back with it.
const pressed = detail => detail.requestConfig?.triggeringEvent?.type === "click";
const hold = event => {
  const target = event.detail.target;
  if (target === dialog || pressed(event.detail) || !touched(target)) return;
  event.detail.shouldSwap = false; behind = true;
};
document.addEventListener("htmx:beforeSwap", hold);
document.addEventListener("htmx:oobBeforeSwap", hold);
document.addEventListener("htmx:configRequest", ({ detail }) => {
  if (!("seen" in detail.parameters)) return;
  if (behind) detail.parameters.seen = "";
  behind = false;
});

// Ages count on in the browser; a poll without news brings them anew.
const born = new WeakMap();
const words = (node, age) => {
  const [seconds, minutes] = node.dataset.units.split(",");
  return age < 60 ? seconds.replace("{}", age) : minutes.replace("{}", Math.floor(age / 60)).replace("{}", age % 60);
};
function tick() {
  for (const node of all("[data-age]")) {
    if (!born.has(node)) born.set(node, performance.now() - 1000 * Number(node.dataset.age));
    const age = Math.floor((performance.now() - born.get(node)) / 1000), old = age > Number(node.dataset.limit);
    node.classList.toggle("old", old);
    node.textContent = (old ? node.dataset.old : node.dataset.fresh).replace("{}", words(node, age));
  }
  for (const node of all("[data-left]")) {
    if (!born.has(node)) born.set(node, performance.now() + 1000 * Number(node.dataset.left));
    node.textContent = words(node, Math.max(0, Math.ceil((born.get(node) - performance.now()) / 1000)));
  }
}
document.addEventListener("ages", ({ detail }) => {
  for (const node of all("[data-age]")) {
    const age = detail[node.dataset.source];
    if (age != null) born.set(node, performance.now() - 1000 * age);
  }
});
setInterval(tick, 1000);

// When polls fail the page says since when it isn't live.
document.addEventListener("htmx:afterRequest", ({ detail }) => {
  if (!detail.elt.matches("[hx-trigger*=every]")) return;
  if (detail.successful) { offline.hidden = true; return; }
  if (!offline.hidden) return;
  offline.textContent = offline.dataset.text.replace("{}", new Date().toTimeString().slice(0, 8));
  offline.hidden = false;
});

// Charts: each <figure data-group> draws its columns of the one table.
const table = () => document.getElementById("t-traffic");
const probe = document.createElement("i");
const ink = name => { probe.className = `ink-${name}`; document.body.append(probe); const color = getComputedStyle(probe).color; probe.remove(); return color; };
const cell = td => td.dataset.t ? Number(td.dataset.t) : td.textContent === "–" ? null : Number(td.textContent);
const short = value => value >= 1e6 ? `${value / 1e6}M` : value >= 1e4 ? `${value / 1e3}k` : `${value}`;
const clock = time => new Date(time * 1000).toISOString().slice(11, 16);
const charts = new Map();
const LOOKS = { stable: { width: 1.5 }, candidate: { width: 2.5 }, third: { width: 2, dash: [6, 3] }, set: { width: 1.5, dash: [5, 4] } };

function columns(figure) {
  const rows = all("tbody tr", table()).reverse();
  const heads = all("thead th", table()).map((th, i) => ({ th, i })).filter(({ th }) => th.dataset.group === figure.dataset.group);
  return { heads: heads.map(({ th }) => th), data: [0, ...heads.map(({ i }) => i)].map(i => rows.map(row => cell(row.children[i]))) };
}
const picked = figure => figure.dataset.pick ? document.querySelector(`[name="${figure.dataset.pick}"]:checked`).value : "";
function tags(u) {
  const { ctx } = u, px = devicePixelRatio;
  ctx.save(); ctx.font = `600 ${11 * px}px ${getComputedStyle(document.body).fontFamily}`; ctx.textAlign = "left";
  const ends = u.series.map((s, i) => {
    let k = i && s.show && s.tag ? u.data[i].length - 1 : -1;
    while (k > 0 && u.data[i][k] == null) k--;
    return k > 0 && { s, x: u.valToPos(u.data[0][k], "x", true), y: u.valToPos(u.data[i][k], "y", true) };
  }).filter(Boolean).sort((a, b) => a.y - b.y);
  ends.forEach((end, i) => {
    if (i) end.y = Math.max(end.y, ends[i - 1].y + 12 * px);
  });
  let floor = u.bbox.top + u.bbox.height;
  ends.reverse().forEach(end => {
    end.y = Math.min(end.y, floor); floor = end.y - 12 * px;
    ctx.fillStyle = end.s.ink; ctx.fillText(end.s.tag, end.x + 5 * px, end.y + 4 * px);
  });
  const stale = document.getElementById("traffic").dataset.stale;
  if (stale) {
    const x = u.valToPos(u.data[0].at(-1), "x", true), { left, top, width, height } = u.bbox;
    ctx.globalAlpha = .14; ctx.fillStyle = ink("warn"); ctx.fillRect(x, top, left + width - x, height); ctx.globalAlpha = 1;
    ctx.fillStyle = ink("warn"); ctx.textAlign = "right"; ctx.fillText(stale, left + width - 4 * px, top + 12 * px);
  }
  ctx.restore();
}
function tip(unit) {
  const box = Object.assign(document.createElement("div"), { className: "tip", hidden: true });
  return { hooks: {
    init: u => u.over.append(box),
    setCursor: u => {
      const i = u.cursor.idx; box.hidden = i == null || u.cursor.left < 0; if (box.hidden) return;
      box.textContent = [clock(u.data[0][i]), ...u.series.slice(1).map((s, k) => s.show && `${s.label}: ${u.data[k + 1][i] ?? "–"}`).filter(Boolean)].join("  ·  ");
      const right = u.cursor.left > u.over.clientWidth / 2;
      box.style.left = right ? "auto" : `${u.cursor.left + 10}px`; box.style.right = right ? `${u.over.clientWidth - u.cursor.left + 10}px` : "auto"; box.style.top = "18px";
    } } };
}
function draw(figure) {
  const { heads, data } = columns(figure), unit = figure.dataset.unit || "", key = heads.map(th => th.textContent).join();
  const known = charts.get(figure);
  figure.parentElement.hidden = !heads.length;
  figure.classList.toggle("none", !data.slice(1).some(values => values.some(value => value != null)));
  if (known?.key === key) return known.u.setData(data);
  known?.u.destroy(); charts.delete(figure);
  if (!data[0].length || !heads.length) return;
  const font = `11px ${getComputedStyle(document.body).fontFamily}`, axis = { stroke: ink("quiet"), grid: { stroke: ink("line"), width: 1 }, ticks: { show: false }, font };
  const top = Number(figure.dataset.top), range = (u, low, high) => [0, top ? top * 1.05 : Math.max((high || 0) * 1.18, 1)];
  const now = () => [data[0][0], Math.max(document.getElementById("traffic").dataset.stale ? Date.now() / 1000 : 0, columns(figure).data[0].at(-1))];
  const series = heads.map(th => ({ ...LOOKS[th.dataset.role], label: th.textContent, stroke: ink(th.dataset.role), ink: ink(th.dataset.role), tag: th.dataset.tag, choice: th.dataset.choice, points: { show: false },
    paths: th.dataset.stepped ? uPlot.paths.stepped({ align: 1 }) : undefined, show: !th.dataset.choice || th.dataset.choice === picked(figure) }));
  const u = new uPlot({
    width: figure.clientWidth, height: figure.clientHeight, legend: { show: false }, padding: [14, 34, 0, 0], cursor: { sync: { key: "release" }, y: false, points: { size: 7 } },
    scales: { x: { range: now }, y: { range } }, axes: [{ ...axis, grid: { show: false }, values: (u, v) => v.map(clock), space: 60, size: 26 }, { ...axis, size: 46, space: 34, values: (u, v) => v.map(x => short(x) + unit) }],
    series: [{}, ...series], hooks: { draw: [tags] }, plugins: [tip(unit)] }, data, figure);
  charts.set(figure, { u, key });
}
function drawAll(anew) {
  if (!table() || typeof uPlot === "undefined") return;
  if (anew) charts.forEach(({ u }, figure) => { u.destroy(); charts.delete(figure); });
  const empty = !all("tbody tr", table()).length;
  document.getElementById("no-traffic").hidden = !empty; document.getElementById("charts").hidden = empty;
  all("figure[data-group]").forEach(draw);
}
document.addEventListener("htmx:oobAfterSwap", ({ detail: { target } }) => { if (target.id === "traffic") drawAll(); });
document.addEventListener("change", ({ target }) => {
  for (const [figure, { u }] of charts) if (figure.dataset.pick === target.name) u.series.forEach((s, i) => i && u.setSeries(i, { show: s.choice === target.value }));
});
let timer; addEventListener("resize", () => { clearTimeout(timer); timer = setTimeout(() => drawAll(true), 120); });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawAll(true));
tick(); drawAll();
