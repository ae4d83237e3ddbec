/* A grid of cells with one Tab stop: arrows, Home and End walk, click, Enter and Space pick.

   The table is built once for its rows and columns. After that only texts and attributes change, so that the focus
   stays where it is while a slider moves.
*/

function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function render({ model, el }) {
  el.classList.add("ecs-grid");
  let cells = [], at = 0;

  const build = () => {
    const rows = model.get("rows"), columns = model.get("columns");
    at = 0;
    cells = rows.flatMap(() =>
      columns.map(() => element("td", { role: "gridcell" }, element("span", { class: "way" }), " ", element("span", { class: "money" }))),
    );
    const head = element("tr", { role: "row" }, element("td", {}), ...columns.map((name) => element("th", { scope: "col" }, name)));
    const body = rows.map((name, row) =>
      element("tr", { role: "row" }, element("th", { scope: "row" }, name), ...cells.slice(row * columns.length, (row + 1) * columns.length)),
    );
    const caption = element("caption", {}, model.get("caption"));
    el.replaceChildren(element("table", { role: "grid", "aria-label": model.get("caption") }, caption, element("thead", {}, head), element("tbody", {}, ...body)));
    draw();
  };
  const draw = () => {
    const shown = model.get("cells"), selected = model.get("selected");
    cells.forEach((cell, index) => {
      const { way = "", money = "", kind = "" } = shown[index] ?? {};
      const [first, second] = cell.querySelectorAll("span");
      if (first.textContent !== way) first.textContent = way;
      if (second.textContent !== money) second.textContent = money;
      if (cell.className !== kind) cell.className = kind;
      cell.setAttribute("aria-selected", index === selected);
      cell.tabIndex = index === at ? 0 : -1;
    });
    const caption = el.querySelector("caption");
    if (caption && caption.textContent !== model.get("caption")) caption.textContent = model.get("caption");
  };
  const go = (index) => {
    at = index;
    draw();
    cells[at].focus();
    cells[at].scrollIntoView({ block: "nearest", inline: "nearest" });
  };
  const pick = (index) => {
    at = index;
    model.set("selected", index);
    model.save_changes();
    draw();
  };
  el.addEventListener("click", (event) => {
    const index = cells.indexOf(event.target.closest("td"));
    if (index >= 0) pick(index);
  });
  el.addEventListener("keydown", (event) => {
    const index = cells.indexOf(event.target.closest("td"));
    if (index < 0 || event.altKey || event.metaKey) return;
    const width = model.get("columns").length, column = index % width, last = cells.length - 1;
    const steps = {
      ArrowLeft: column > 0 ? index - 1 : index,
      ArrowRight: column < width - 1 ? index + 1 : index,
      ArrowUp: index >= width ? index - width : index,
      ArrowDown: index + width <= last ? index + width : index,
      Home: event.ctrlKey ? 0 : index - column,
      End: event.ctrlKey ? last : index - column + width - 1,
    };
    if (event.key in steps) go(steps[event.key]);
    else if (event.key === "Enter" || event.key === " ") pick(index);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  model.on("change:rows change:columns", build);
  model.on("change:cells change:selected change:caption", draw);
  build();
}

export default { render };
