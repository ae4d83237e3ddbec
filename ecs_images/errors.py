"""Everything that can go wrong, as one tree.

EcsImagesError
├── InputError            a value given by the person is not usable (also a ValueError)
│   ├── UnknownName       a name that is not known, with the nearest ones
│   └── FileProblems      every problem of one file at once, each with its place
├── CloudError            the simulated service refuses, with the real service's code
├── PriceNotFound         the price book has no price for a meter, region and date
└── MixedCurrencies       a total was asked for over amounts of two currencies
"""

from __future__ import annotations

import difflib
import reprlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

_T = TypeVar("_T")

_LONGEST = 200
"""Characters of a name that are compared with the known ones; a longer name is no typing error."""


class EcsImagesError(Exception):
    """The root: catch this to catch all errors of the toolkit. All of them can be pickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        # Exception rebuilds an error from its message only; most of ours take other arguments.
        return _rebuilt, (type(self), self.args, self.__dict__)

    def _render_traceback_(self) -> list[str]:
        """In a notebook an error is one sentence, without the lines of the toolkit that raised it."""
        return [f"{type(self).__name__}: {self}"]


def _rebuilt(kind: type[EcsImagesError], arguments: tuple[Any, ...], attributes: dict[str, Any]) -> EcsImagesError:
    error = kind.__new__(kind, *arguments)
    error.args = arguments
    error.__dict__.update(attributes)
    return error


class InputError(EcsImagesError, ValueError):
    """A value that cannot be used; the message says which one, and what is accepted."""


class UnknownName(InputError):
    """A name that is not known.

    kind: what was looked for, such as "region"
    name: what was given
    known: the names that exist; the nearest ones become the attribute `nearest` and a suggestion
    hint: what to do instead, at the end of the message
    """

    def __init__(self, kind: str, name: str, known: Iterable[str], hint: str = "") -> None:
        candidates = sorted(known)
        listed = ", ".join(candidates)
        self.kind, self.name = kind, name
        self.nearest = nearest(name, candidates)
        message = f"unknown {kind} {shown(name)}"
        if self.nearest:
            message += f"; did you mean {' or '.join(self.nearest)}?"
        elif 0 < len(listed) <= 80 and not hint:
            message += f"; known: {listed}"
        if hint:
            message += f"{'' if message.endswith('?') else ';'} {hint}"
        super().__init__(message)


@dataclass(frozen=True, order=True)
class Problem:
    """One thing wrong in a file: its line (0: the file as a whole) and a sentence."""

    line: int
    message: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.message}" if self.line else self.message


class FileProblems(InputError):
    """All problems of one file.

    path: the file
    problems: what is wrong with it; the attribute of that name is sorted by line
    """

    def __init__(self, path: str, problems: Sequence[Problem]) -> None:
        self.path = path
        self.problems = tuple(sorted(problems))
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        listed = "\n".join(f"  {problem}" for problem in self.problems)
        super().__init__(f"{path}: {count}; nothing was loaded\n{listed}")


class CloudError(EcsImagesError):
    """The service refuses a command; nothing has changed.

    code: the real service's error code, in its own spelling
    message: why it refuses and what to do next; the attribute `reason`
    operation: the API operation, such as CopyImage
    http_status: the HTTP status that comes with the code; 0 where no source names it
    ids: the resources concerned, such as `{"image": "m-00000001"}`

    >>> try:
    ...     acme.copy_image(golden, to="cn-nowhere")
    ... except ecs.CloudError as refused:
    ...     print(refused.code)
    DestinationRegion.NotFound
    """

    def __init__(self, code: str, message: str, *, operation: str, http_status: int, ids: dict[str, str]) -> None:
        self.code, self.operation, self.http_status, self.ids = code, operation, http_status, ids
        self.reason = message
        super().__init__(f"{code}: {message}")


class PriceNotFound(EcsImagesError, LookupError):
    """The price book has no price.

    missing: every price that is missing, as (meter, item, region, date, currency)
    note: what to do about it, where that is not to add rows to the price book
    """

    def __init__(self, missing: Sequence[tuple[str, str, str, str, str]], note: str = "") -> None:
        self.missing = tuple(missing)
        lines = [
            f"no {currency} price for {meter}{_of(item)} in {region} on {date}"
            for meter, item, region, date, currency in self.missing
        ]
        note = note or "add your own rows with --prices FILE, or with prices: in a story"
        super().__init__("; ".join(lines) + f"; {note}")


def _of(item: str) -> str:
    return f" {item}" if item.startswith("to ") else f" of {item}" if item else ""


class MixedCurrencies(EcsImagesError):
    """Amounts of several currencies cannot be added; `currencies` names them."""

    def __init__(self, currencies: Sequence[str]) -> None:
        self.currencies = tuple(sorted(currencies))
        super().__init__(
            f"a total over {' and '.join(self.currencies)} has no meaning, and the toolkit does not convert; "
            "ask for one currency, or group by billing_currency"
        )


def shown(value: object, most: int = 80) -> str:
    """A value as messages show it: its repr, cut to `most` characters.

    A huge number or a long list is never written out as a whole.
    """
    if isinstance(value, int) and value.bit_length() > 400:
        return f"a number of at least {value.bit_length() * 3 // 10} digits"
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if type(value).__repr__ is object.__repr__:
        return f"an object of class {type(value).__name__}"
    text = reprlib.repr(value) if not isinstance(value, str) else repr(value[: most + 1])
    return text if len(text) <= most else f"{text[: most - 1]}…"


def look_up(kind: str, name: object, table: Mapping[str, _T], hint: str = "") -> _T:
    """The value of `table` under a name; raises UnknownName for a name it lacks, and for what is not text."""
    if isinstance(name, str) and name in table:
        return table[name]
    raise UnknownName(kind, name if isinstance(name, str) else shown(name, 40), table, hint)


def did_you_mean(name: object, known: Iterable[str]) -> str:
    """The end of a message about an unknown name: the nearest known ones; empty where none is near."""
    close = nearest(str(name), known)
    return f"; did you mean {' or '.join(close)}?" if close else ""


def nearest(name: str, known: Iterable[str], count: int = 3) -> tuple[str, ...]:
    """The known names most like `name`, at most `count` of them, best first."""
    by_lower = {candidate.lower(): candidate for candidate in known if candidate != name}
    matches = difflib.get_close_matches(name[:_LONGEST].lower(), by_lower, n=count, cutoff=0.5)
    return tuple(by_lower[match] for match in matches)
