"use strict";
// Tables that can be sorted by a column, and the students found by name and by what is the matter. Without this the page reads as well.

function value(row, column) {
  const text = row.cells[column].textContent.trim().replace(/,/g, "");
  const number = parseFloat(text);
  return text === "–" || text === "" ? -Infinity : Number.isNaN(number) ? text.toLowerCase() : number;
}

function sort(button) {
  const head = button.closest("th"), table = head.closest("table"), body = table.tBodies[0];
  const column = [...head.parentNode.children].indexOf(head);
  const down = head.getAttribute("aria-sort") === "none" ? head.classList.contains("num") : head.getAttribute("aria-sort") === "ascending";
  for (const other of table.tHead.rows[0].cells) if (other.hasAttribute("aria-sort")) other.setAttribute("aria-sort", "none");
  head.setAttribute("aria-sort", down ? "descending" : "ascending");
  const rows = [...body.rows].map(row => [value(row, column), row]);
  const words = new Intl.Collator(undefined, { numeric: true });
  const compare = (a, b) => typeof a === typeof b ? (typeof a === "string" ? words.compare(a, b) : a === b ? 0 : a < b ? -1 : 1) : typeof a === "string" ? 1 : -1;
  rows.sort((a, b) => (down ? -1 : 1) * compare(a[0], b[0]));
  body.append(...rows.map(pair => pair[1]));
}

function filter() {
  const find = document.getElementById("find"), show = document.getElementById("show"), body = document.getElementById("heat").tBodies[0];
  const wanted = find.value.trim().toLowerCase();
  let shown = 0;
  for (const row of body.rows) {
    const there = (!show.value || row.classList.contains(show.value)) && (!wanted || row.cells[0].textContent.toLowerCase().includes(wanted));
    row.hidden = !there;
    shown += there;
  }
  const all = body.rows.length;
  document.getElementById("found").textContent = shown === all ? `${all} students` : `${shown} of ${all} students`;
}

document.addEventListener("click", event => {
  const button = event.target.closest("thead button");
  if (button) sort(button);
});
document.addEventListener("input", event => {
  if (event.target.id === "find" || event.target.id === "show") filter();
});
document.addEventListener("submit", event => event.preventDefault());
document.addEventListener("keydown", event => {
  const find = document.getElementById("find");
  if (event.key === "/" && !event.target.closest("input, select") && find) { event.preventDefault(); find.focus(); }
  if (event.key === "Escape" && event.target === find) { find.value = ""; filter(); }
});
