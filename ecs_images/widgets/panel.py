"""What all widgets are: an answer, controls beside a picture, and tables, redrawn when a control changes.

A redraw reads all controls when it begins, so what is shown last always agrees with the controls.
There are no output areas: what is shown is in the HTML values, in a test as well as in a page.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import ipywidgets as ipw
from traitlets import TraitError

from ..errors import EcsImagesError, InputError, look_up, shown
from . import pages
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
    render: returns the HTML of each part for the values of the controls; a part left out is empty. An error of ours is
        shown as a sentence in place of the answer
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
        self.frame = Frame(panel=name.replace(" ", "-"))
        self.link = ipw.Text(
            description="State", tooltip="the state of all controls; paste another one here", continuous_update=False,
            style={"description_width": "auto"}, layout={"width": "auto"},
        )  # fmt: skip
        self.notice: Any = ipw.HTML()
        self._at_first = {name: control.value for name, control in self.controls.items()}
        self.parts["summary"].add_class("ecs-answer")
        self.controls_box: Any = ipw.VBox([one for one in self.controls.values() if isinstance(one, ipw.Widget)])
        pictures = [part for name, part in self.parts.items() if name == "picture"]
        beside = ipw.GridBox(
            [self.controls_box, *pictures], layout=ipw.Layout(grid_template_columns=BESIDE, grid_gap="0 16px")
        )
        others = [part for name, part in self.parts.items() if name not in ("summary", "picture")]
        self.box: Any = ipw.VBox([self.frame, self.parts["summary"], beside, *others, self.link, self.notice])
        self.box.add_class("ecs-panel")
        for control in self.controls.values():
            control.observe(self._changed, names="value")
        self.frame.observe(self._asked, names="asked")
        self.link.observe(self._asked, names="value")
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

    @property
    def state(self) -> str:
        """What differs from how the panel was at first, as JSON: what a link keeps."""
        now = {name: control.value for name, control in self.controls.items()}
        first = self._at_first
        return json.dumps({name: value for name, value in now.items() if not same(value, first[name])})

    def restore(self, state: Mapping[str, Any]) -> None:
        """Bring the controls to the values of a state, and all it does not name to where they were at first.

        Raises InputError for what no control can be; then nothing changes.
        """
        before = {name: control.value for name, control in self.controls.items()}
        with self.together():
            try:
                self._set(self._at_first | dict(state))
            except EcsImagesError as error:
                self._set(before)
                raise InputError(f"this state is not one of the {self.name}: {error}") from None

    def _set(self, values: Mapping[str, Any]) -> None:
        for name in values:
            look_up("control", name, self.controls)
        for name, control in self.controls.items():
            value, cannot = values[name], f"{name} cannot be {shown(values[name])}"
            if isinstance(value, bool) != isinstance(control.value, bool):
                raise InputError(cannot)
            try:
                control.value = tuple(value) if isinstance(value, list) else value
            except TraitError as error:
                raise InputError(f"{cannot}: {error}") from None
            # A slider takes a value beyond its ends for its end.
            if not isinstance(value, list | tuple) and control.value != value:
                raise InputError(cannot)

    def save(self, name: str, text: Callable[[], str]) -> None:
        """Let the browser save a text as a file; where it cannot be had, say why."""
        self.notice.value = ""
        try:
            self.frame.file = {"name": name, "text": text(), "number": self.frame.file.get("number", 0) + 1}
        except EcsImagesError as error:
            self._say(error)

    def _say(self, error: Exception) -> None:
        self.notice.value = pages.sentence(f"{str(error).rstrip('.')}.")

    def _asked(self, change: Any) -> None:
        """Bring the panel to a state that a person typed, here or into the address of the page."""
        if self._held or change["new"] in ("", self.state):
            return
        self.notice.value = ""
        try:
            state = json.loads(change["new"])
            if not isinstance(state, dict):
                raise InputError(f"a state is a JSON object, not {shown(state)}")
            self.restore(state)
        except (ValueError, RecursionError, EcsImagesError) as error:
            self._say(error)
            self.redraw()

    def redraw(self) -> None:
        """Show what belongs to the present values of the controls."""
        if self._held:
            return
        try:
            found = self._render({name: control.value for name, control in self.controls.items()})
        except EcsImagesError as error:
            found = {"summary": pages.sentence(f"{error}.")}
        for name, part in self.parts.items():
            part.value = found.get(name, "")
        self.frame.state = self.link.value = self.state

    def _changed(self, change: Any) -> None:
        self.redraw()


def same(one: object, other: object) -> bool:
    """Whether two values of a control are the same: a slider in a browser returns 21.5 as 21.500000000000004."""
    return one == other or (isinstance(one, float) and isinstance(other, float) and math.isclose(one, other))


def dropdown(description: str, options: Sequence[Any], value: Any = None) -> Any:
    """A list to choose one option from, which may be (label, value) pairs; the first unless `value` is given."""
    if value is None and options:
        value = options[0][1] if isinstance(options[0], tuple) else options[0]
    look = {"style": LABELS, "layout": {"width": WIDE}}
    return ipw.Dropdown(description=description, options=list(options), value=value, **look)


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
    look: dict[str, Any] = {"style": LABELS, "layout": {"width": WIDE}}
    look["readout_format"] = ".0f" if step == 1 else ".2f"
    return ipw.FloatSlider(description=description, min=low, max=high, value=value, step=step, **look)
