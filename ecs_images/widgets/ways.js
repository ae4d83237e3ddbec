/* The ways to one target as a list of radio buttons, each with its money, who pays, and what it means.

   Rows are rebuilt only when another target is picked. While a slider moves only texts change, so that the focus stays.
*/

let groups = 0;

function render({ model, el }) {
  el.classList.add("ecs-ways");
  const group = `ecs-ways-${(groups += 1)}`;
  const legend = document.createElement("legend");
  const list = document.createElement("div");
  const set = document.createElement("fieldset");
  set.append(legend, list);
  el.append(set);
  let rows = [], built = "";

  const build = (ways) => {
    rows = ways.map(({ way, allowed }) => {
      const row = document.createElement("label");
      const radio = Object.assign(document.createElement("input"), { type: "radio", name: group, value: way, disabled: !allowed });
      const texts = ["name", "money", "who", "what"].map((part) => Object.assign(document.createElement("span"), { className: part }));
      row.className = allowed ? "" : "refused";
      row.append(radio, ...texts);
      return { row, radio, texts };
    });
    list.replaceChildren(...rows.map(({ row }) => row));
  };
  const draw = () => {
    const ways = model.get("ways"), title = model.get("title");
    const now = JSON.stringify([title, ways.map(({ way, allowed }) => [way, allowed])]);
    if (now !== built) build(ways);
    built = now;
    legend.textContent = title;
    set.hidden = !ways.length;
    ways.forEach(({ name, money, who, what }, index) => {
      [name, money, who, what].forEach((words, place) => {
        const text = rows[index].texts[place];
        if (text.textContent !== words) text.textContent = words;
      });
    });
    rows.forEach(({ radio }) => (radio.checked = radio.value === model.get("chosen")));
  };
  list.addEventListener("change", (event) => {
    model.set("chosen", event.target.value);
    model.save_changes();
  });
  model.on("change:ways change:title change:chosen", draw);
  draw();
}

export default { render };
