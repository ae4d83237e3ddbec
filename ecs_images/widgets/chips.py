"""Names chosen from a list: a field that adds one, and a button for each that takes it away."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import ipywidgets as ipw
from traitlets import TraitError, Tuple, validate

from ..errors import UnknownName
from . import pages


class Chips(ipw.VBox):
    """Names, all of them visible, that are added by typing one and removed one by one.

    noun: what they are, such as region
    groups: the names to choose from, each with the heading it stands under
    value: the names chosen, in the order of `groups`
    """

    value = Tuple()

    def __init__(self, noun: str, groups: Mapping[str, str], value: tuple[str, ...]) -> None:
        self._noun, self._groups = noun, dict(groups)
        self._buttons: dict[str, Any] = {}
        self.description = f"Add {noun}"
        self.entry = ipw.Combobox(
            description=self.description,
            continuous_update=False,
            style={"description_width": "7em"},
            layout={"width": "20em", "max_width": "100%"},
        )
        self._said = ipw.HTML()
        self._rows: dict[str, Any] = {group: _row() for group in dict.fromkeys(self._groups.values())}
        super().__init__([self.entry, self._said, *self._rows.values()])
        self.entry.observe(self._added, names="value")
        self.observe(self._show, names="value")
        self.value = value
        self._show(None)

    @validate("value")
    def _known(self, proposal: Any) -> tuple[str, ...]:
        for name in proposal["value"]:
            if not isinstance(name, str) or name not in self._groups:
                raise TraitError(str(UnknownName(self._noun, str(name), self._groups)))
        return tuple(name for name in self._groups if name in proposal["value"])

    def _added(self, change: Any) -> None:
        if not (name := change["new"].strip()):
            return
        if name in self._groups:
            self._said.value, self.entry.value = "", ""
            self.value = (*self.value, name)
            self.entry.focus()
        else:
            self._said.value = pages.sentence(f"{UnknownName(self._noun, name, self._groups)}.")

    def _removed(self, name: str, button: Any) -> None:
        self.value = tuple(other for other in self.value if other != name)
        self.entry.focus()  # else the focus would be lost with the button

    def _show(self, change: Any) -> None:
        self.entry.options = [name for name in self._groups if name not in self.value]
        for group, row in self._rows.items():
            mine = [name for name in self.value if self._groups[name] == group]
            head = ipw.HTML(pages.sentence(f"{group}:"))
            row.children = [head, *map(self._button, mine)] if mine else []

    def _button(self, name: str) -> Any:
        if name not in self._buttons:
            look = {"width": "auto", "margin": "1px"}
            self._buttons[name] = ipw.Button(description=f"{name} ×", tooltip=f"remove {name}", layout=look)
            self._buttons[name].on_click(partial(self._removed, name))
        return self._buttons[name]


def _row() -> Any:
    return ipw.HBox(layout={"flex_flow": "row wrap", "align_items": "center"})
