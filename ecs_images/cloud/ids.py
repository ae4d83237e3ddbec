"""The ids that commands return: text that knows what kind of thing it names."""

from __future__ import annotations

from typing import Self

from yaml.representer import Representer, SafeRepresenter


class Id(str):
    """The id of a resource. It is text, and files and tables keep it as such.

    kind: image, snapshot, instance, disk, files, policy or purchase
    """

    kind: str

    def __new__(cls, text: str, kind: str) -> Self:
        found = super().__new__(cls, text)
        found.kind = kind
        return found

    def __getnewargs__(self) -> tuple[str, str]:  # type: ignore[override]
        return str(self), self.kind

    def __dir__(self) -> list[str]:
        """What completion offers: the methods of text work as ever, but nobody looks for `capitalize` here."""
        return ["kind"]


for _writer in (SafeRepresenter, Representer):  # PyYAML writes only exact text as text, unless told
    _writer.add_representer(Id, lambda writer, text: writer.represent_str(str(text)))
