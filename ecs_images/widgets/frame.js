/* What every panel needs of the page and ipywidgets lacks: keys that stay in it, names of sliders, a spoken answer,
   a state in the address, files to save.

   One hidden child of the panel does all of it for the whole panel.
*/

const SPEAK_AFTER_MS = 400; // so that a slider that is dragged is spoken about once, at its end

/* JupyterLab takes plain keys from all controls but text fields: an arrow would leave a list for the next cell of
   the notebook, and `x` would cut the cell. Keys with Ctrl, Alt or ⌘ go on, so that Ctrl+S still saves. */
function keepKeys(event) {
  if (!event.ctrlKey && !event.metaKey && !event.altKey) event.stopPropagation();
}

/* The handle of a slider has no name of its own; its label is beside it. */
function nameSliders(panel) {
  for (const handle of panel.querySelectorAll(".noUi-handle:not([aria-label])")) {
    const label = handle.closest(".widget-slider")?.querySelector(".widget-label");
    if (label?.textContent) handle.setAttribute("aria-label", label.textContent);
  }
}

/* On a page of its own the address brings a state back; JupyterLab's address is its own. */
function keepAddress(model) {
  if (!("voila" in document.body.dataset)) return;
  const name = model.get("panel");
  const asked = new URL(location.href).searchParams.get(name);
  if (asked) {
    model.set("asked", asked);
    model.save_changes();
  }
  model.on("change:state", () => {
    const address = new URL(location.href), state = model.get("state");
    if (state === "{}") address.searchParams.delete(name);
    else address.searchParams.set(name, state);
    history.replaceState(null, "", address);
  });
}

function saveFile(model) {
  const { name, text } = model.get("file");
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/plain;charset=utf-8" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

function render({ model, el }) {
  const spoken = document.createElement("p");
  spoken.className = "ecs-spoken";
  spoken.setAttribute("role", "status");
  el.append(spoken);
  let waiting = 0, frame = 0, panel = null;

  /* The node stays and only its text changes: a screen reader may not speak a node that is replaced. */
  const speak = () => {
    const answer = panel.querySelector(":scope > .ecs-answer p")?.textContent ?? "";
    if (spoken.textContent !== answer) spoken.textContent = answer;
  };
  const observer = new MutationObserver(() => {
    nameSliders(panel);
    clearTimeout(waiting);
    waiting = setTimeout(speak, SPEAK_AFTER_MS);
  });
  const attach = () => {
    panel = el.closest(".ecs-panel");
    if (!panel) {
      frame = requestAnimationFrame(attach);
      return;
    }
    panel.addEventListener("keydown", keepKeys);
    nameSliders(panel);
    observer.observe(panel, { childList: true, subtree: true });
  };
  attach();
  keepAddress(model);
  model.on("change:file", () => saveFile(model));
  return () => {
    cancelAnimationFrame(frame);
    clearTimeout(waiting);
    observer.disconnect();
    panel?.removeEventListener("keydown", keepKeys);
  };
}

export default { render };
