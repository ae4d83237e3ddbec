"""What the arguments of commands may be: one annotation says it to readers, to the check and to stories.

A command says `image: ImageRef` or `written: Gib | None = None`. So it takes an image's record where its id is meant,
and refuses in a sentence what is not a size; a story file knows that the name of an earlier step may stand there.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Real
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from ..catalog.images import marketplace_images
from ..catalog.instance_types import instance_type
from ..catalog.regions import regions
from ..errors import InputError, shown
from ..ledger.chain_view import ChainView
from ..ledger.events import MOST_PERIODS
from ..ledger.resources import Purchase, Resource
from ..saving import can_be_stored
from ..units import positive_gib, size_gib

_EXAMPLES = {
    "image": "m-00000001",
    "instance": "i-00000001",
    "disk": "d-00000001",
    "snapshot": "s-00000001",
    "policy": "sp-00000001",
}
_LONGEST = 128
"""Characters of an id, or of an image family that stands for one."""


class Kind:
    """What a value must be. (No `ABC`, whose subclasses are told apart ten times as slowly.)"""

    def check(self, value: Any, what: str) -> Any:
        """The value as the command takes it; raises InputError naming the argument `what`."""
        raise NotImplementedError


class Text(Kind):
    """Text that a file can hold."""

    def check(self, value: Any, what: str) -> str:
        if not isinstance(value, str):
            raise InputError(f"{what} is text, not {shown(value)}")
        if not can_be_stored(value):
            raise InputError(f"{what} {shown(value)} holds half a character, which no file can keep")
        return str(value)  # an id that knows its kind is kept as the text it is


_TEXT = Text()


class Line(Text):
    """Text on one line."""

    def check(self, value: Any, what: str) -> str:
        line = super().check(value, what)
        if len(f"{line}.".splitlines()) > 1:
            raise InputError(f"{what} is one line of text, not {shown(value)}")
        return line


class Flag(Kind):
    """True or false."""

    def check(self, value: Any, what: str) -> bool:
        if not isinstance(value, bool):
            raise InputError(f"{what} is true or false, not {shown(value)}")
        return value


@dataclass(frozen=True)
class Choice(Kind):
    """One of some words."""

    words: tuple[str, ...]

    def check(self, value: Any, what: str) -> str:
        if not isinstance(value, str) or value not in self.words:
            raise InputError(f"{what} is {' or '.join(self.words)}, not {shown(value, 36)}")
        return str(value)


@dataclass(frozen=True)
class WholeNumber(Kind):
    """A whole number, within a range where there is one."""

    among: range | None = None

    def check(self, value: Any, what: str) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or (self.among and value not in self.among):
            between = f" from {self.among[0]} to {self.among[-1]}" if self.among else ""
            raise InputError(f"{what} is a whole number{between}, not {shown(value)}")
        return value


class TagsByKey(Kind):
    """Tags: text by text."""

    def check(self, value: Any, what: str) -> dict[str, str]:
        if not isinstance(value, Mapping):
            raise InputError(f"{what} are values by key such as {{team: web}}, not {shown(value)}")
        return {_TEXT.check(key, "a tag's key"): _TEXT.check(one, f"tag {shown(key)}") for key, one in value.items()}


@dataclass(frozen=True)
class Size(Kind):
    """A size [GiB]."""

    above_zero: bool

    def check(self, value: Any, what: str) -> float:
        return positive_gib(value, what) if self.above_zero else size_gib(value, what)


@dataclass(frozen=True)
class Published(Text):
    """A name of the catalogue. The command itself refuses an unknown one, as the service does."""

    word: str
    known: Callable[[], Collection[str]]


class MachineType(Text):
    """An instance type, listed or written like one."""

    def check(self, value: Any, what: str) -> str:
        return instance_type(super().check(value, what)).name


@dataclass(frozen=True)
class Reference(Text):
    """The id of something that exists, or its record; `or_size`: or a size [GiB] of what does not."""

    kind: str
    or_size: bool = False

    def check(self, value: Any, what: str) -> Any:
        if self.or_size and isinstance(value, Real):
            return positive_gib(value, what)
        return ident(value, what, self.kind)


@dataclass(frozen=True)
class Several(Kind):
    """A list of references, of accounts by name, of texts or of numbers."""

    each: Kind

    def check(self, value: Any, what: str) -> list[Any]:
        return [self.each.check(item, what) for item in listed(value, what)]


class AccountName(Text):
    """An account: its name, or the account itself."""

    def check(self, value: Any, what: str) -> str:
        return super().check(getattr(value, "name", value), what)


@dataclass(frozen=True)
class Records(Kind):
    """A list of things with the same fields; `references` are those fields that name what was made before."""

    words: str
    references: Mapping[str, Reference] = field(default_factory=dict)

    def check(self, value: Any, what: str) -> Sequence[Any]:
        return listed(value, what, f"list of {self.words}")


def ident(value: Any, what: str, kind: str = "") -> str:
    """The id that is meant by an id or by the record of what has it; raises InputError naming `what`."""
    if isinstance(value, str) and len(value) <= _LONGEST:
        return _TEXT.check(value, what)
    if isinstance(value, Resource | Purchase | ChainView):
        return value.id
    example = f", such as {_EXAMPLES[kind]}" if kind in _EXAMPLES else ""
    raise InputError(f"{what} is one id or name{example}, not {shown(value)}")


def idents(values: Any, what: str) -> list[str]:
    """The ids that are meant by a list; raises InputError."""
    return [ident(value, what) for value in listed(values, what, "list of ids")]


def listed(value: Any, what: str, words: str = "list") -> Sequence[Any]:
    """A value that is a list, which text, bytes and a record are not; raises InputError naming `what`."""
    if type(value) in (list, tuple):
        return value  # type: ignore[no-any-return]
    if isinstance(value, str | bytes | bytearray | Resource | Purchase) or not isinstance(value, Sequence):
        raise InputError(f"{what} is a {words}, not {shown(value)}")
    return value


ImageRef = Annotated[str, Reference("image")]
InstanceRef = Annotated[str, Reference("instance")]
DiskRef = Annotated[str, Reference("disk")]
SnapshotRef = Annotated[str, Reference("snapshot")]
FilesRef = Annotated[str, Reference("files")]
FileRef = Annotated[float | str, Reference("files", or_size=True)]
PolicyRef = Annotated[str, Reference("policy")]
AnyRef = Annotated[str, Reference("resource")]
DiskRefs = Annotated[Sequence[str], Several(Reference("disk"))]
SnapshotRefs = Annotated[Sequence[str], Several(Reference("snapshot"))]
AccountRefs = Annotated[Sequence[Any], Several(AccountName())]
PurchaseRef = Annotated[str, Reference("purchase")]
RegionName = Annotated[str, Published("region", regions)]
TypeName = Annotated[str, MachineType()]
Vcpus = Annotated[int, WholeNumber(range(1, (1 << 16) + 1))]  # more than any machine has
ProductCode = Annotated[str, Published("marketplace product", marketplace_images)]
Periods = Annotated[int, WholeNumber(range(1, MOST_PERIODS + 1))]
RefundDays = Annotated[int, WholeNumber(range(1, 3651))]
Gib = Annotated[float, Size(above_zero=False)]
GibAboveZero = Annotated[float, Size(above_zero=True)]
Whole = Annotated[int, WholeNumber()]
DiskCount = Annotated[int, WholeNumber(range(1001))]
WholeNumbers = Annotated[Sequence[int], Several(WholeNumber())]
TagMap = Annotated[Mapping[str, str], TagsByKey()]
TagKeys = Annotated[Sequence[str], Several(Text())]
NewDataDisks = Annotated[
    Sequence[float | Mapping[str, Any]],
    Records("sizes or of {size, written, snapshot, category}", {"snapshot": Reference("snapshot")}),
]
DataFiles = Annotated[Sequence[Mapping[str, Any]], Records("{file, size}")]


@dataclass(frozen=True)
class Argument:
    """One argument of a command."""

    name: str
    kind: Kind
    required: bool
    may_be_none: bool

    def check(self, value: Any) -> Any:
        """The value as the command takes it; raises InputError."""
        return value if value is None and self.may_be_none else self.kind.check(value, self.name)


def arguments_of(command: Callable[..., Any]) -> dict[str, Argument]:
    """The arguments of a command in order, read from its signature."""
    hints = get_type_hints(command, include_extras=True)
    parameters = list(inspect.signature(command).parameters.values())[1:]
    return {
        part.name: Argument(
            part.name, _kind(hints[part.name]), part.default is part.empty, NoneType in get_args(hints[part.name])
        )
        for part in parameters
    }


def result_of(command: Callable[..., Any]) -> str | None:
    """What kind of thing a command returns the id of; None for one that makes nothing."""
    kinds = getattr(get_type_hints(command, include_extras=True)["return"], "__metadata__", ())
    return next((kind.kind for kind in kinds if isinstance(kind, Reference)), None)


def _kind(hint: Any) -> Kind:
    marks = [mark for part in (hint, *get_args(hint)) for mark in getattr(part, "__metadata__", ())]
    if marks:
        return marks[0]  # type: ignore[no-any-return]
    plain = next(part for part in (hint, *get_args(hint)) if part in (str, bool) or get_origin(part) is Literal)
    if get_origin(plain) is Literal:
        return Choice(get_args(plain))
    return Flag() if plain is bool else Text()
