"""What all widgets are: an answer, controls beside a picture, and tables, redrawn when a control changes.

A redraw reads all controls when it begins, so what is shown last always agrees with the controls.
There are no output areas: what is shown is in the HTML values, in a test as well as in a page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import ipywidgets as ipw

from .frame import Frame

LABELS = {"description_width": "13em"}
WIDE = "100%"
BESIDE = "repeat(auto-fit, minmax(min(100%, 24em), 1fr))"
"""Columns of a grid that stand side by side where there is room for two, and else below one another."""


class Panel:
    """Controls, and the HTML that follows from their values.

    Displaying the panel shows it: first the part named `summary`, whose first paragraph is the answer and is spoken by
    screen readers when it changes; below it the controls beside the part named `picture`; then all other parts.

    name: what it is, for its repr
    controls: ipywidgets by name, each with a description
    parts: names of the HTML values, in the order they are shown, `summary` among them
    render: returns the HTML of each part for the values of the controls; a part left out is empty
    """

    def __init__(
        self,
        name: str,
        controls: Mapping[str, Any],
        parts: Sequence[str],
        render: Callable[[Mapping[str, Any]], Mapping[str, str]],
    ) -> None:
        self.name = name
        self.controls: dict[str, Any] = dict(controls)
        self.parts: dict[str, Any] = {part: ipw.HTML() for part in parts}
        self._render = render
        self._held = False
        self.parts["summary"].add_class("ecs-answer")
        self.controls_box: Any = ipw.VBox(list(self.controls.values()))
        pictures = [part for name, part in self.parts.items() if name == "picture"]
        beside = ipw.GridBox([self.controls_box, *pictures], layout=ipw.Layout(grid_template_columns=BESIDE, grid_gap="0 16px"))
        others = [part for name, part in self.parts.items() if name not in ("summary", "picture")]
        self.box: Any = ipw.VBox([Frame(), self.parts["summary"], beside, *others])
        self.box.add_class("ecs-panel")
        for control in self.controls.values():
            control.observe(self._changed, names="value")
        self.redraw()

    def __repr__(self) -> str:
        return f"<{self.name}>"

    def _repr_mimebundle_(self, **options: Any) -> Any:
        bundle = self.box._repr_mimebundle_(**options)
        # The box's own text lists the state of every control; a saved notebook needs only the name.
        return {**bundle, "text/plain": repr(self)}

    @contextmanager
    def together(self) -> Iterator[None]:
        """Change several controls, and redraw once."""
        before, self._held = self._held, True
        try:
            yield
        finally:
            self._held = before
        self.redraw()

    def redraw(self) -> None:
        """Show what belongs to the present values of the controls."""
        if self._held:
            return
        shown = self._render({name: control.value for name, control in self.controls.items()})
        for name, part in self.parts.items():
            part.value = shown.get(name, "")

    def _changed(self, change: Any) -> None:
        self.redraw()


def dropdown(description: str, options: Sequence[Any], value: Any = None) -> Any:
    """A list to choose one option from, which may be (label, value) pairs; the first unless `value` is given."""
    if value is None and options:
        value = options[0][1] if isinstance(options[0], tuple) else options[0]
    look = {"style": LABELS, "layout": {"width": WIDE}}
    return ipw.Dropdown(description=description, options=list(options), value=value, **look)


def choose_many(description: str, options: Sequence[Any], value: Sequence[str] = ()) -> Any:
    """A list to choose any number from."""
    look = {"style": LABELS, "layout": {"width": WIDE}, "rows": min(6, max(2, len(options)))}
    tip = "Ctrl-click or ⌘-click adds one; Shift-click adds all up to it"
    return ipw.SelectMultiple(description=description, options=list(options), value=tuple(value), tooltip=tip, **look)


def tick_boxes(labels: Mapping[str, str]) -> dict[str, Any]:
    """A tick box for each name, with its label."""
    # They share one layout and never shrink: there may be more than a thousand in a box that scrolls.
    layout = ipw.Layout(width="auto", flex="0 0 auto", padding="0 4px")
    return {name: ipw.Checkbox(description=label, indent=False, layout=layout) for name, label in labels.items()}


def whole_slider(description: str, low: int, high: int, value: int) -> Any:
    """A slider over whole numbers."""
    return ipw.IntSlider(description=description, min=low, max=high, value=value, style=LABELS, layout={"width": WIDE})


def slider(description: str, low: float, high: float, value: float, step: float) -> Any:
    """A slider over numbers."""
    look = {"style": LABELS, "layout": {"width": WIDE}}
    return ipw.FloatSlider(description=description, min=low, max=high, value=value, step=step, **look)
