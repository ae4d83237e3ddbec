"""Story files: what happens to images over time, written in YAML.

story = Story.load("golden.yaml")
run = story.run()
run.bill().by("month", "meter")
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from ..cards import card
from ..catalog.files import data_path
from ..catalog.meters import asked_for
from ..catalog.rule_book import supposed
from ..catalog.sites import sites
from ..cloud.account import Account
from ..cloud.arguments import Kind, Line, Records
from ..cloud.cloud import Cloud, check_account_name, check_block_size, check_quotas
from ..cloud.control import DURATIONS
from ..errors import CloudError, FileProblems, InputError, Problem, UnknownName, shown
from ..ledger.resources import Durations
from ..memory import without_cycle_collector
from ..units import EARLIEST, parse_time, show_time
from .expect import Expectation, ExpectationReader
from .lined_yaml import Located, LocatedMap, parse_yaml, read_yaml
from .parameters import Value, with_parameters
from .run import Outcome, Run, resolve
from .steps import COMMANDS, Step, StepReader

_ACCOUNT_SETTINGS = ("site", "quotas")
_T = TypeVar("_T")
_TEXTS = ("title", "source", "note")
_NEEDED = ("start", "accounts", "steps")
KEYS = {
    "title": "what the story is called; the file's name unless given",
    "source": "where the story comes from",
    "note": "anything else a reader should know",
    "parameters": 'values by name, which `"{name}"` stands for anywhere; `--set name=value` changes them',
    "start": "when it begins; needed",
    "accounts": "names in a list, or names with china, international or {site: …, quotas: {images: 500}}; needed",
    "steps": "what happens, in order of time; needed",
    "until": "the end of its bill",
    "durations": "instant (work is done at once, the default) or typical (work takes the time it usually takes)",
    "block_size_mib": "MiB of a block of a snapshot chain (UNK-1)",
    "assume": "what is supposed instead of a default, by the name of an unknown, such as {UNK-14: whole}",
    "prices": "a price file beside the story or among `data/examples`, or a list of them",
    "meters": "what is billed beside images and their fees: disk, instance, or all",
    "expect": "what should come out",
}
"""The parts of a story, and what each means."""


class AccountSettings(NamedTuple):
    """The settings of an account: its site, and its own quotas by name."""

    site: str
    quotas: dict[str, int]


@dataclass(frozen=True, repr=False)
class Story:
    """A story: accounts, steps, and expectations, as read from a file.

    >>> ecs.Story.load(ecs.sample("golden_pipeline")).title
    'A year of a golden-image pipeline'
    """

    path: str
    title: str
    start: datetime
    until: datetime | None
    accounts: dict[str, AccountSettings]
    durations: Durations
    block_size_mib: float | None
    assume: dict[str, str]
    price_layers: tuple[Path, ...]
    meters: tuple[str, ...]
    steps: tuple[Step, ...]
    expectations: tuple[Expectation, ...]
    parameters: dict[str, Value]

    def __repr__(self) -> str:
        return f"<Story {self.title!r}: {len(self.steps)} steps, {len(self.expectations)} expectations>"

    def _repr_html_(self) -> str:
        """In a notebook: what it is about, and how often it gives each command."""
        facts = {"file": self.path, "from": self.start, "to": self.until, "accounts": [*self.accounts]}
        given = Counter(step.command for step in self.steps)
        return card(self, {**facts, **self.parameters}, ("command", "times"), given.most_common())

    @classmethod
    @without_cycle_collector()
    def load(cls, path: str | Path, parameters: Mapping[str, Value] | None = None) -> Story:
        """Read a story file.

        path: the file
        parameters: values instead of those that the story's `parameters` declare, by name

        Raises FileProblems with every problem of the file, each with its line.
        """
        return _read(read_yaml(path), str(path), Path(path).parent, parameters or {})

    @classmethod
    @without_cycle_collector()
    def parse(cls, text: str, name: str = "story", parameters: Mapping[str, Value] | None = None) -> Story:
        """Read a story from text, as `load` does; price layers are found from the current folder."""
        return _read(parse_yaml(text, name), name, Path(), parameters or {})

    @without_cycle_collector()
    def run(self, progress: Callable[[int], None] | None = None) -> Run:
        """Run the steps in order on a new cloud.

        progress: called after each step with the number of steps done

        A refusal that the story expects is an outcome; any other raises FileProblems with its line. At the end the
        clock moves to `until` if, and only if, a snapshot policy or the end of a retention acts before that.
        """
        cloud = Cloud(self.start, durations=self.durations, block_size_mib=self.block_size_mib, assume=self.assume)
        accounts = {
            name: cloud.account(name, settings.site, quotas=settings.quotas) for name, settings in self.accounts.items()
        }
        ids: dict[str, str] = {}
        outcomes: list[Outcome] = []
        notes: list[Problem] = []
        for number, step in enumerate(self.steps, 1):
            self._run_step(cloud, accounts, step, ids, outcomes, notes)
            if progress is not None:
                progress(number)
        if self.until is not None and cloud.next_act is not None and cloud.next_act < self.until:
            cloud.at(self.until)
        return Run(
            cloud,
            ids,
            tuple(outcomes),
            tuple(notes),
            title=self.title,
            path=self.path,
            until=self.until,
            price_layers=self.price_layers,
            meters=self.meters,
            parameters=self.parameters,
        )

    def _run_step(
        self,
        cloud: Cloud,
        accounts: Mapping[str, Account],
        step: Step,
        ids: dict[str, str],
        outcomes: list[Outcome],
        notes: list[Problem],
    ) -> None:
        passed, instead = False, ""
        try:
            if step.at is not None:
                cloud.at(step.at)
            result = _give(cloud, accounts, step, ids)
            if step.refused is not None:
                instead = f"it was allowed at {show_time(cloud.now)}"
            if step.name is not None and result is not None:
                ids[step.name] = result
            elif result is not None and step.command in COMMANDS and COMMANDS[step.command].makes is None:
                notes.append(Problem(step.line, f"{step.command}: {result}"))
        except CloudError as error:
            if step.refused is None:
                undone = "".join(f"; before, in line {note.line}, {note.message}" for note in notes)
                message = f"{step.command} is refused. {error}{undone}"
                raise FileProblems(self.path, [Problem(step.line, message)]) from None
            passed = error.code == step.refused
            instead = "" if passed else f"refused with {error}"
        except InputError as error:
            raise FileProblems(self.path, [Problem(step.line, str(error))]) from None
        if step.refused is not None:
            expected = f"{step.command} is refused with {step.refused}"
            outcomes.append(Outcome(step.line, expected, passed, instead))


def _give(cloud: Cloud, accounts: Mapping[str, Account], step: Step, ids: dict[str, str]) -> str | None:
    if step.command == "wait":
        cloud.wait(*(resolve(cloud, ids, value) for value in step.arguments.values()))
        return None
    arguments = step.arguments.copy()
    for name, kind in COMMANDS[step.command].references.items():
        if name in arguments:
            arguments[name] = _resolved(cloud, ids, kind, arguments[name])
    result: str | None = getattr(accounts[step.account], step.command)(**arguments)
    return result


def _resolved(cloud: Cloud, ids: dict[str, str], kind: Kind, value: Any) -> Any:
    """An argument's value, with ids in place of the names that a story gave."""
    if not isinstance(kind, Records):
        return resolve(cloud, ids, value)
    return [
        {key: resolve(cloud, ids, one) if key in kind.references else one for key, one in record.items()}
        if isinstance(record, dict)
        else record
        for record in value
    ]


# Reading -------------------------------------------------------------------------------------------


@dataclass
class _Reader:
    """Reads the top level of a story and collects every problem."""

    top: LocatedMap
    folder: Path
    problems: list[Problem] = field(default_factory=list)

    def problem(self, line: int, message: str) -> None:
        self.problems.append(Problem(line, message))

    def read(self, key: str, default: _T, made: Callable[[Located], _T]) -> _T:
        """What the story says under a key, as `made` reads it; the default where there is nothing that can be used."""
        node = self.top.get(key)
        if node is None:
            return default
        try:
            return made(node)
        except InputError as error:
            self.problem(node.line, str(error))
            return default

    def time(self, key: str) -> datetime | None:
        return self.read(key, None, lambda node: parse_time(node.value, key))

    def accounts(self) -> dict[str, AccountSettings]:
        """Account names and their sites: a list of names, or a mapping of names to a site or to settings."""
        node = self.top.get("accounts")
        if node is None:
            return {}
        given: dict[str, Located] = {}
        if isinstance(node.value, list) and all(isinstance(item.value, str) for item in node.value):
            given = {item.value: Located(item.line, "china") for item in node.value}
            if len(given) < len(node.value):
                self.problem(node.line, "an account is listed twice")
        elif isinstance(node.value, LocatedMap):
            given = node.value
        if not given:
            wanted = "a list of names, or a mapping of names to china, international or {site: …}"
            self.problem(node.line, f"accounts must be {wanted}")
        return {name: self._settings(name, item) for name, item in given.items()}

    def _settings(self, name: str, item: Located) -> AccountSettings:
        """The settings of an account."""
        settings = item.value if isinstance(item.value, LocatedMap) else {"site": item}
        for key, setting in settings.items():
            if key not in _ACCOUNT_SETTINGS:
                self.problem(setting.line, f"{name}: {UnknownName('setting of an account', key, _ACCOUNT_SETTINGS)}")
        site = settings.get("site", Located(item.line, "china"))
        quotas = settings.get("quotas", Located(item.line, LocatedMap()))
        try:
            check_account_name(name)
            if not isinstance(site.value, str) or site.value not in sites():
                raise UnknownName("site", str(site.plain()), sites())
        except InputError as error:
            self.problem(site.line, f"{shown(name)}: {error}" if isinstance(error, UnknownName) else str(error))
        try:
            check_quotas(quotas.plain())
        except InputError as error:
            self.problem(quotas.line, f"{name}: {error}")
        return AccountSettings(str(site.value), quotas.plain())

    def price_layers(self) -> tuple[Path, ...]:
        """The price files: beside the story, or among the examples that come with the toolkit."""
        node = self.top.get("prices")
        if node is None:
            return ()
        layers = []
        for item in node.value if isinstance(node.value, list) else [node]:
            name = item.value if isinstance(item.value, str) else ""
            places = [self.folder / name, data_path("examples") / name]
            existing = [path for path in places if name and os.path.isfile(path)]
            if existing:
                layers.append(existing[0])
            else:
                self.problem(item.line, f"no price file {shown(item.plain())} beside the story")
        return tuple(layers)


def _text(key: str, node: Located) -> str:
    """A line of text."""
    if not isinstance(node.value, str | int | float):
        raise InputError(f"{key} must be a line of text, not {shown(node.plain())}")
    return str(node.value).strip()


def _durations(node: Located) -> Durations:
    if node.value not in DURATIONS:
        raise InputError(f"durations must be {' or '.join(DURATIONS)}, not {shown(node.value)}")
    return "typical" if node.value == "typical" else "instant"


def _block_size(node: Located) -> float:
    check_block_size(node.plain())
    return float(node.value)


def _read(root: Located, path: str, folder: Path, given: Mapping[str, Value]) -> Story:
    if not isinstance(root.value, LocatedMap):
        raise FileProblems(path, [Problem(root.line, "a story is a mapping with start, accounts and steps")])
    problems: list[Problem] = []
    root, parameters = with_parameters(root, given, problems)
    unfilled, lines = tuple(problems), {problem.line for problem in problems}
    reader = _Reader(root.value, folder, problems)
    for key, node in reader.top.items():
        if key not in KEYS:
            reader.problem(node.line, str(UnknownName("part of a story", key, KEYS)))
    for key in _NEEDED:
        if key not in reader.top:
            reader.problem(0, f"the story lacks {key}")
    start, until = reader.time("start"), reader.time("until")
    accounts = reader.accounts()
    # Without a start the steps are read all the same, so that all problems are reported at once.
    step_reader = StepReader(set(accounts), start or EARLIEST)
    assume: dict[str, str] = reader.read("assume", {}, lambda node: supposed(node.plain()))
    if "steps" in reader.top:
        step_reader.read(reader.top["steps"])
        reader.problems += step_reader.problems
    if until is not None and until <= step_reader.now:
        message = f"until {show_time(until)} must be after the last step, {show_time(step_reader.now)}"
        reader.problem(reader.top["until"].line, message)
    meters: tuple[str, ...] = reader.read("meters", (), lambda node: tuple(sorted(asked_for(node.plain()))))
    durations: Durations = reader.read("durations", "instant", _durations)
    block_size: float | None = reader.read("block_size_mib", None, _block_size)
    layers = reader.price_layers()
    texts = {key: reader.read(key, "", partial(_text, key)) for key in _TEXTS}
    title = reader.read("title", "", lambda node: Line().check(texts["title"], "title"))
    expect = ExpectationReader(set(accounts), step_reader.names, reader.problems)
    expectations = expect.read(reader.top["expect"]) if "expect" in reader.top else []
    if reader.problems or start is None:
        # What a line lacks because its parameter could not be put in is no problem of its own.
        raise FileProblems(path, [found for found in reader.problems if found in unfilled or found.line not in lines])
    return Story(
        path=path,
        title=title or Path(path).stem,
        start=start,
        until=until,
        accounts=accounts,
        durations=durations,
        block_size_mib=block_size,
        assume=assume,
        price_layers=layers,
        meters=meters,
        steps=tuple(step_reader.steps),
        expectations=tuple(expectations),
        parameters=parameters,
    )
