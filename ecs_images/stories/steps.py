"""The steps of a story: read, and checked as a whole before anything runs.

A step is one command of `Account` with its arguments, or `wait`. A step may also have `at`
(when), `refused` (the error code it must meet), and `as` (a name for the id it returns). A
`repeat` does a list of steps several times, with its counter in `{braces}`; a step in it may
also have `after` (how long after the start of its round) and `rounds` (in which rounds it is done).
What an argument may be is read from the command's signature, by `cloud.arguments`.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from ..catalog.images import is_published, known_references, why_not_read
from ..catalog.not_counted import not_counted
from ..catalog.rule_book import http_statuses
from ..cloud.account import Account
from ..cloud.arguments import (
    AccountName,
    Argument,
    Choice,
    Kind,
    Published,
    Records,
    Reference,
    Several,
    arguments_of,
    result_of,
)
from ..errors import InputError, Problem, UnknownName, did_you_mean, shown
from ..units import parse_time, show_time
from .lined_yaml import Located, LocatedMap


@dataclass(frozen=True)
class Command:
    """A command of a story: its arguments by name, those that name what earlier steps made, and what it makes."""

    arguments: dict[str, Argument]
    references: dict[str, Kind]
    makes: str | None


def _command(method: Callable[..., Any]) -> Command:
    arguments = arguments_of(method)
    kinds = {name: argument.kind for name, argument in arguments.items()}
    return Command(arguments, {name: kind for name, kind in kinds.items() if _refers(kind)}, result_of(method))


def _refers(kind: Kind) -> bool:
    """Whether an argument of that kind may name something made earlier."""
    return isinstance(kind.each if isinstance(kind, Several) else kind, Reference | Records)


COMMANDS = {
    name: _command(method)
    for name, method in inspect.getmembers(Account, inspect.isfunction)
    if not name.startswith("_")
}
"""Every command of an account, read from its signature."""
STEP_KEYS = {
    "at": "when, never before the step above it",
    "after": "inside a repeat: how long after the start of its round, such as 30m, 6h or 7d",
    "rounds": "inside a repeat: in which rounds, such as 13-, 5-8 or 1, 14, 27",
    "for": 'the step is done for each value of a list, such as {region: "{regions}"}',
    "refused": "the error code that the step must be refused with",
}
"""What may stand beside the command of a step, and what it means."""
REPEAT_KEYS = {
    "times": "how many rounds there are; needed",
    "every": "how far the starts of two rounds are apart, such as 7d",
    "as": "the name of the counter, n unless given: `v{week}` is v1, v2 …, and `v{week-12}` the twelfth before",
}
"""What a repeat is made of."""
_WAITS_FOR = {kind: Argument(kind, Reference(kind), True, False) for kind in ("image", "snapshot", "instance", "files")}
"""What `wait` may wait for: one of these."""
_PART = re.compile(r"(?P<name>.+)\.(?P<part>system_disk|system_snapshot|data_disk_\d+|data_snapshot_\d+)")
_BRACES = re.compile(r"\{([^{}]*)\}")
_COUNTER = re.compile(r"(?P<name>\w+?)(?P<less>-\d{1,6})?")
_ROUNDS = re.compile(r"(?P<first>\d{1,6})(?P<on>-(?P<last>\d{1,6})?)?")
_LOOKS_LIKE_AN_ID = re.compile(r"(i|d|s|m|f|sl|sp)-.+")
_SPAN = re.compile(r"(\d{1,7})\s*(m|h|d)")
_LONGEST = timedelta(days=36_525)
_SPAN_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


class Step(NamedTuple):
    """One command of a story.

    line: its line in the file
    at: when it is given; None: right after the step before
    command: a key of `COMMANDS`, or wait
    account: who gives it; empty for wait
    arguments: its arguments by name, as written
    name: the name that the story gives to the result, if any
    refused: the error code it must be refused with, if any
    """

    line: int
    at: datetime | None
    command: str
    account: str
    arguments: dict[str, Any]
    name: str | None
    refused: str | None


@dataclass
class _Draft:
    """A step as it is written, which a repeat makes a step of in each of its rounds.

    line: its line
    command: its command
    at: when it is given; of a step in a repeat None
    after: of a step in a repeat, how long after the start of its round, where that is said
    code: the error code it must be refused with, if any
    given: its arguments, account and `as`
    lines: the line of each
    counted: those with a counter in them, and what makes their value from the number of the round
    arguments: what is known of the arguments
    to_check: the arguments that are to be checked. In the first round all are, later only those with a counter, since
        names only come to be: what may be named once may be named later
    """

    line: int
    command: str
    at: datetime | None
    after: Located | None
    code: str | None
    given: dict[str, Any]
    lines: dict[str, int]
    counted: dict[str, Callable[[int], Any]]
    arguments: dict[str, Argument]
    to_check: Collection[str]


@dataclass
class StepReader:
    """Reads a story's steps and collects every problem.

    accounts: the accounts of the story
    now: the clock, which begins at the story's start and follows the steps
    steps: the steps read so far, in order
    problems: the problems found so far
    """

    accounts: set[str]
    now: datetime
    steps: list[Step] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    _names: dict[str, str] = field(default_factory=dict)
    _families: set[str] = field(default_factory=set)
    _lines_with_problems: set[int] = field(default_factory=set)

    def read(self, nodes: Located) -> None:
        """Read the list of steps."""
        if not isinstance(nodes.value, list) or not nodes.value:
            self._problem(nodes.line, "steps is a list with at least one step")
            return
        for node in nodes.value:
            if isinstance(node.value, LocatedMap) and "repeat" in node.value:
                self._read_repeat(node)
            elif draft := self._draft(node, ""):
                self._read_step(draft, 0, draft.at)

    @property
    def names(self) -> dict[str, str]:
        """The names given with `as`, and the kind of thing that each names."""
        return self._names

    def _problem(self, line: int, message: str) -> None:
        """Add a problem; one that comes again in later rounds of a repeat is added once."""
        problem = Problem(line, message)
        if line not in self._lines_with_problems and problem not in self.problems:
            self.problems.append(problem)

    # Repeat -------------------------------------------------------------------------------------

    def _read_repeat(self, node: Located) -> None:
        fields, known = node.value["repeat"].value, REPEAT_KEYS
        if set(node.value) - {"repeat", "steps", "at"}:
            extra = sorted(set(node.value) - {"repeat", "steps", "at"})
            self._problem(node.line, f"a repeat has repeat, steps and at, not {', '.join(extra)}")
        if not isinstance(fields, LocatedMap) or set(fields) - set(known) or "times" not in fields:
            self._problem(node.line, "repeat has times, every (such as 7d) and as, the name of its counter")
            return
        times = fields["times"].value
        if isinstance(times, bool) or not isinstance(times, int) or not 1 <= times <= 10_000:
            self._problem(fields["times"].line, f"times is a whole number from 1 to 10000, not {shown(times)}")
            return
        every = self._span(fields["every"]) if "every" in fields else timedelta(0)
        if times * every > _LONGEST:
            self._problem(fields["every"].line, f"{times} rounds of {fields['every'].value} are longer than a century")
            return
        counter = fields["as"].value if "as" in fields else "n"
        if not isinstance(counter, str) or not counter.isidentifier():
            self._problem(fields["as"].line, f"as names the counter with one word, not {shown(counter)}")
            return
        body = node.value.get("steps")
        if body is None or not isinstance(body.value, list) or not body.value:
            self._problem(node.line, "a repeat needs steps, a list with at least one step")
            return
        if "at" in node.value:
            self._move_to(node.value["at"])
        start = self.now
        drafts = [(self._draft(inner, counter), self._rounds(inner, times)) for inner in body.value]
        for number in range(1, times + 1):
            round_start = start + (number - 1) * every
            for draft, spans in drafts:
                if draft and any(number in span for span in spans):
                    self._read_step(draft, number, self._moment(draft, round_start))
            self._lines_with_problems = {problem.line for problem in self.problems}
        self._lines_with_problems = set()

    def _span(self, node: Located) -> timedelta:
        match = _SPAN.fullmatch(str(node.value))
        span = timedelta(**{_SPAN_UNITS[match[2]]: int(match[1])}) if match else _LONGEST
        if span >= _LONGEST:
            self._problem(node.line, f"{shown(node.value)} is not a span of time like 30m, 6h or 7d")
            return timedelta(0)
        return span

    # One step -----------------------------------------------------------------------------------

    def _draft(self, node: Located, counter: str) -> _Draft | None:
        """A step as it is written; None where it cannot be read.

        counter: the name of the counter of the repeat that the step is in; empty where it is in none
        """
        fields = node.value
        if not isinstance(fields, LocatedMap):
            self._problem(node.line, f"a step is a command with its arguments, not {shown(node.plain())}")
            return None
        if "rounds" in fields and not counter:
            self._problem(fields["rounds"].line, "rounds is only allowed inside a repeat")
            return None
        if "repeat" in fields:
            self._problem(node.line, "a repeat cannot contain another repeat")
            return None
        commands = [key for key in fields if key not in STEP_KEYS]
        if len(commands) != 1:
            self._problem(node.line, f"a step has one command, not {', '.join(commands) or 'none'}")
            return None
        (command,) = commands
        if counter and "at" in fields:
            self._problem(fields["at"].line, "inside a repeat use after, counted from the start of the round")
        if not counter and "after" in fields:
            self._problem(fields["after"].line, "after is only allowed inside a repeat; use at instead")
        at = self._move_to(fields["at"]) if "at" in fields and not counter else None
        if command != "wait" and command not in COMMANDS:
            unknown = UnknownName("command", command, [*COMMANDS, "wait", "repeat"], not_counted(command))
            self._problem(fields[command].line, str(unknown))
            return None
        body = fields[command]
        if not isinstance(body.value, LocatedMap):
            self._problem(body.line, f"{command} needs its arguments as a mapping, not {shown(body.plain())}")
            return None
        lines = {key: item.line for key, item in body.value.items()}
        given = {key: item.plain() for key, item in body.value.items()}
        counted = {
            key: self._counting(value, lines[key], counter) for key, value in given.items() if _has_braces(value)
        }
        arguments = self._arguments(command, lines, body.line)
        code = self._code(fields.get("refused"))
        after = fields.get("after") if counter else None
        return _Draft(body.line, command, at, after, code, given, lines, counted, arguments, arguments)

    def _moment(self, draft: _Draft, round_start: datetime) -> datetime | None:
        if draft.after is not None:
            return self._reach(round_start + self._span(draft.after), draft.after.line)
        self.now = max(round_start, self.now)
        return self.now

    def _rounds(self, step: Located, times: int) -> list[range]:
        """The rounds in which a step is done: `13-` is 13 and later, `1, 14, 27` only these; all without `rounds`."""
        if not isinstance(step.value, LocatedMap) or "rounds" not in step.value:
            return [range(1, times + 1)]
        node = step.value["rounds"]
        spans: list[range] = []
        for part in str(node.value).split(","):
            match = _ROUNDS.fullmatch(part.strip())
            if match is None:
                self._problem(node.line, f"rounds are like 13- or 1, 14, 27 or 5-8, not {shown(node.value)}")
                return []
            first = int(match["first"])
            last = int(match["last"]) if match["last"] else times if match["on"] else first
            if not 1 <= first <= last <= times:
                self._problem(node.line, f"rounds {part.strip()} never happen; this repeat has rounds 1 to {times}")
            if any(first <= span[-1] and span[0] <= last for span in spans if span):
                self._problem(node.line, f"rounds {part.strip()} repeat a round that is named before")
            spans.append(range(first, last + 1))
        return spans

    def _move_to(self, node: Located) -> datetime | None:
        try:
            moment = parse_time(node.value, "at")
        except InputError as error:
            self._problem(node.line, str(error))
            return None
        return self._reach(moment, node.line, "; steps are in order of time")

    def _reach(self, moment: datetime, line: int, why: str = "") -> datetime | None:
        """Move the clock; a moment before the step above is a problem, told with `why`."""
        if moment < self.now:
            self._problem(line, f"{show_time(moment)} is before the step above it, {show_time(self.now)}{why}")
            return None
        self.now = moment
        return moment

    def _read_step(self, draft: _Draft, number: int, at: datetime | None) -> None:
        """Make a step of a draft, in the round of that number; 0 where it is in no repeat."""
        given, lines, code = draft.given.copy(), draft.lines, draft.code
        for key, made in draft.counted.items():
            given[key] = made(number)
        name = self._new_name(given.pop("as"), lines["as"], draft.command, code) if "as" in given else None
        account = "" if draft.command == "wait" else self._account(given.pop("account", None), draft)
        for key in draft.to_check:
            self._check_value(draft.arguments[key], given[key], lines[key], number, code)
        draft.to_check = draft.counted.keys() & draft.arguments.keys()
        family = given.get("family")
        if isinstance(family, str):
            if family in self._names:
                self._problem(lines["family"], f"the family {shown(family)} has the name of an earlier step")
            self._families.add(family)
        made_kind = COMMANDS[draft.command].makes if draft.command in COMMANDS else None
        if name is not None and code is None and made_kind is not None:
            self._names[name] = made_kind
        self.steps.append(Step(draft.line, at, draft.command, account, given, name, code))

    def _code(self, refused: Located | None) -> str | None:
        if refused is None:
            return None
        codes = sorted({code for _, code in http_statuses()})
        if refused.value not in codes:
            self._problem(refused.line, str(UnknownName("error code", str(refused.value), codes)))
        return str(refused.value)

    def _new_name(self, name: Any, line: int, command: str, code: str | None) -> str | None:
        """The name that a step gives to what it makes, if it may be given."""
        if not isinstance(name, str) or not name or "." in name:
            self._problem(line, f"as needs a name without a dot, not {shown(name)}")
            return None
        if command == "wait" or COMMANDS[command].makes is None:
            self._problem(line, f"{command} makes nothing that as could name; leave as out")
        elif code is not None:
            self._problem(line, "a step that is refused makes nothing that as could name; leave as out")
        elif name in self._names:
            self._problem(line, f"the name {shown(name)} is taken by an earlier {self._names[name]}")
        elif is_published(name) or _LOOKS_LIKE_AN_ID.fullmatch(name):
            self._problem(line, f"the name {shown(name)} belongs to something of the service; choose another")
        elif name in self._families:
            self._problem(line, f"the name {shown(name)} is also an image family of this story; choose another")
        return name

    def _account(self, name: Any, draft: _Draft) -> str:
        if "account" not in draft.lines:
            self._problem(draft.line, "which account does this? add account: NAME")
            return ""
        try:
            _check_known("account", name, self.accounts, lenient=False)
        except InputError as error:
            self._problem(draft.lines["account"], str(error))
        return str(name)

    def _counting(self, value: Any, line: int, counter: str) -> Callable[[int], Any]:
        """What makes a value from the number of a round by putting it in: `v{week}`, `v{week-12}`."""
        if isinstance(value, list):
            parts = [self._counting(part, line, counter) for part in value]
            return lambda number: [part(number) for part in parts]
        if isinstance(value, dict):
            fields = {key: self._counting(part, line, counter) for key, part in value.items()}
            return lambda number: {key: part(number) for key, part in fields.items()}
        if not _has_braces(value):
            return lambda number: value
        less: list[int] = []
        for inside in _BRACES.findall(value):
            found = _COUNTER.fullmatch(inside)
            if not counter or found is None or found["name"] != counter:
                known = f"this repeat has {{{counter}}} or {{{counter}-1}}"
                hint = known if counter else "counters exist only inside a repeat"
                self._problem(line, f"unknown counter {shown(f'{{{inside}}}')}; {hint}")
                return lambda number: value
            less.append(int(found["less"] or 0))
        template = "%d".join(text.replace("%", "%%") for text in _BRACES.split(value)[::2])
        return lambda number: template % tuple(number + one for one in less)

    # Arguments ----------------------------------------------------------------------------------

    def _arguments(self, command: str, given: Mapping[str, int], line: int) -> dict[str, Argument]:
        """The arguments given, by name, that the command takes; unknown and missing ones are problems.

        given: their lines
        """
        known = _WAITS_FOR if command == "wait" else COMMANDS[command].arguments
        beside = {"as"} if command == "wait" else {"as", "account"}
        given = {key: at for key, at in given.items() if key not in beside}
        for key, at in given.items():
            if key not in known:
                suggestion = f"{did_you_mean(key, known)} It takes {', '.join(sorted(known))}"
                self._problem(at, f"{command} has no argument {shown(key)}{suggestion}")
        if command == "wait":
            missing = [] if len(given) == 1 else [f"one of {', '.join(known)}"]
        else:
            missing = [name for name, argument in known.items() if argument.required and name not in given]
        if missing:
            self._problem(line, f"{command} lacks {', '.join(missing)}")
        return {key: known[key] for key in given if key in known}

    def _check_value(self, argument: Argument, value: Any, line: int, number: int, code: str | None) -> None:
        """A value must be of its argument's kind; `code` is the refusal that the step expects in round `number`."""
        lenient = code is not None and "NotFound" in code
        kind, what = argument.kind, argument.name
        try:
            if isinstance(kind, Choice) and code is not None:
                return  # A story may show how the service refuses what it does not offer.
            if value is None:
                raise InputError(f"{what} is empty; give it a value, or leave it out")
            argument.check(value)
            for one in value if isinstance(kind, Several) and isinstance(value, list) else [value]:
                self._check_name(kind.each if isinstance(kind, Several) else kind, one, what, lenient=lenient)
            if isinstance(kind, Records):
                for key, reference in kind.references.items():
                    for record in (record for record in value if isinstance(record, dict) and key in record):
                        self._check_name(reference, record[key], key, lenient=lenient)
        except UnknownName as error:
            hint = f" (round {number}; rounds: says in which ones a step is done)" if number else ""
            self._problem(line, str(error) + hint)
        except InputError as error:
            self._problem(line, str(error))

    def _check_name(self, kind: Kind, value: Any, what: str, *, lenient: bool) -> None:
        """Raise UnknownName unless a name is one of the story or of the catalogue."""
        if isinstance(kind, Reference) and isinstance(value, str):
            self._check_reference(kind.kind, value, lenient=lenient)
        elif isinstance(kind, Published) and value is not None:
            _check_known(kind.word, value, kind.known(), lenient=lenient)
        elif isinstance(kind, AccountName):
            _check_known("account", value, self.accounts, lenient=lenient)

    def _check_reference(self, key: str, name: str, *, lenient: bool) -> None:
        """A reference is a name given above, a part of one, or for images a family or one of the catalogue."""
        if not lenient:
            check_reference(key, name, self._names, self._families)


def check_reference(wanted: str, reference: str, made: Mapping[str, str], families: Collection[str] = ()) -> None:
    """Raise InputError where a reference names nothing of a story, or a thing of another kind.

    wanted: the kind of a `Reference`, such as image; an instance may stand for its system disk
    reference: a name given with `as`, or a part of one such as `web.system_disk`
    made: the names given so far, and the kind of thing that each stands for
    families: image families made so far; they, and what the catalogue has, stand for an image
    """
    name, part = part_of(reference, made)
    kind = made.get(name)
    if kind is None:
        known, hint = [name for name, kind in made.items() if _fits(kind, wanted)], ""
        if wanted == "image":
            if reference in families or is_published(reference):
                return
            known, hint = [*known, *families, *sorted(known_references())], why_not_read(reference)
        raise UnknownName(wanted, reference, known, hint or ("" if known else "name it with as: in an earlier step"))
    if part is not None:
        owner, of = ("instance", "disk") if "disk" in part else ("image", "snapshot")
        if kind != owner:
            raise InputError(f"{shown(reference)}: {name!r} is {_a(kind)}, which has no {part}")
        kind = of
    if not _fits(kind, wanted):
        raise InputError(f"{shown(reference)} is {_a(kind)}, not {_a(wanted)}")


def _fits(kind: str, wanted: str) -> bool:
    return wanted in (kind, "resource") or (kind == "instance" and wanted == "disk")


def _a(kind: str) -> str:
    return kind if kind == "files" else f"{'an' if kind[0] == 'i' else 'a'} {kind}"


def part_of(reference: str, names: Collection[str]) -> tuple[str, str | None]:
    """A reference as a name given with `as` and the part of it, such as system_disk; None for the whole."""
    part = _PART.fullmatch(reference) if "." in reference else None
    if part and part["name"] in names:
        return part["name"], part["part"]
    return reference, None


def _has_braces(value: Any) -> bool:
    """Whether a text in a value has braces, where a repeat puts in its counter."""
    if isinstance(value, list | dict):
        return any(map(_has_braces, value.values() if isinstance(value, dict) else value))
    return isinstance(value, str) and "{" in value


def _check_known(kind: str, name: object, known: Collection[str], *, lenient: bool) -> None:
    if not isinstance(name, str):
        raise InputError(f"{kind} is a name, not {shown(name)}")
    if name not in known and not lenient:
        raise UnknownName(kind, str(name), known)
