
// ---------------------------------------------------------------- what follows the gradebook

const live = { fetched: Date.now(), waiting: null };
const byId = id => document.getElementById(id);

function put(element, text) {
  if (element && element.textContent !== text) element.textContent = text;
}

function showRun(run) {
  const left = run.running + run.waiting, bar = byId("bar");
  byId("live").dataset.state = left ? "busy" : "idle";
  bar.max = Math.max(run.done + left, 1);
  bar.value = left ? run.done : bar.max;
  put(byId("told"), run.told);
  put(byId("queued"), left.toLocaleString("en"));
  put(byId("live-errors"), run.errors ? `${run.errors} could not be graded, through no fault of the students` : "");
  byId("latest").replaceChildren(...run.latest.map(one => {
    const item = document.createElement("li");
    const good = one.verdict === "passed" ? "good" : "";
    for (const [tag, className, textContent] of [["span", "quiet", one.at], ["b", "", one.student], ["span", "quiet", one.task], ["span", good, `${one.verdict}, ${one.score}`], ["span", "quiet", one.seconds]])
      item.append(Object.assign(document.createElement(tag), { className, textContent }));
    return item;
  }));
  const name = document.querySelector(".kicker bdi").textContent;
  document.title = left ? `${run.done} of ${run.done + left} · ${name}` : name;
}

function showRows(rows) {
  for (const [id, [points, flags, cells]] of Object.entries(rows)) {
    const row = byId(`s-${id}`);
    if (!row) continue;
    row.className = flags;
    put(row.cells[1], points);
    cells.forEach(([name, text, late], i) => {
      const cell = row.cells[i + 2];
      if (cell.className === name && cell.textContent === text + late) return;
      cell.className = name;
      cell.textContent = text;
      if (late) cell.append(Object.assign(document.createElement("i"), { textContent: late }));
      cell.classList.add("new");
      setTimeout(() => cell.classList.remove("new"), 4000);
    });
  }
  filter();
}

async function refresh() {
  live.waiting = null;
  live.fetched = Date.now();
  const answer = await fetch("/parts");
  if (!answer.ok) return;
  const told = await answer.json();
  put(byId("headline"), told.headline);
  put(document.querySelector("header time"), told.at);
  byId("figures").outerHTML = told.figures;
  for (const [name, [finding, body]] of Object.entries(told.parts)) {
    put(byId(`h-${name}`), finding);
    const place = byId(`b-${name}`);
    if (body && !place.contains(document.activeElement) && !place.querySelector("details[open]")) place.innerHTML = body;
  }
}

function stale(over) {
  if (live.waiting !== null && !over) return;
  clearTimeout(live.waiting);
  live.waiting = setTimeout(refresh, over ? 0 : Math.max(0, live.fetched + 15000 - Date.now()));
}

const source = new EventSource("/events");
const hear = (kind, act) => source.addEventListener(kind, event => act(JSON.parse(event.data)));
hear("run", showRun);
hear("rows", showRows);
hear("stale", body => stale(body.over));
source.addEventListener("open", () => put(byId("link"), "live"));
source.addEventListener("error", () => {
  byId("live").dataset.state = "lost";
  put(byId("link"), source.readyState === 2 ? "the dashboard has ended" : "no connection; trying again");
});
