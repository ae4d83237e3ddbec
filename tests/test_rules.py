"""The table of rules is true: what it calls built stands in the code and in a test (ground rule 9)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pytest
from helpers import ROOT, read_csv

import ecs_images as ecs
from ecs_images.catalog.rule_book import rule

RULES = {row["rule_id"]: row for row in read_csv(ROOT / "data" / "rules.csv")}
HELD = [rule_id for rule_id, row in RULES.items() if row["status"] in ("built", "part")]
PREFIXES = sorted({rule_id.rpartition("-")[0] for rule_id in RULES})
CITED = re.compile(rf"(?<![\w-])(?:{'|'.join(PREFIXES)})-\d+(?!\w)")

MADE_UP = {"SHARE-33", "SHARE-99"}  # tests ask for them to see them refused


def cited(paths: Iterable[Path]) -> dict[str, set[str]]:
    """For each rule id, the files that name it, as paths below the checkout."""
    found: dict[str, set[str]] = {}
    for path in paths:
        for rule_id in CITED.findall(path.read_text(encoding="utf-8")):
            found.setdefault(rule_id, set()).add(path.relative_to(ROOT).as_posix())
    return found


@cache
def in_package() -> dict[str, set[str]]:
    return cited((ROOT / "ecs_images").rglob("*.py"))


@cache
def in_price_book() -> dict[str, set[str]]:
    return cited((ROOT / "data" / "prices").rglob("*.csv"))


@cache
def in_tests() -> dict[str, set[str]]:
    return cited(path for path in (ROOT / "tests").rglob("*.py") if path != Path(__file__).resolve())


def test_every_rule_has_an_id_a_sentence_and_a_known_status():
    assert len(RULES) == len(read_csv(ROOT / "data" / "rules.csv")) == 189
    for rule_id, row in RULES.items():
        assert re.fullmatch(r"[A-Z]+-\d+", rule_id), rule_id
        assert row["title"].endswith(".") or rule_id.startswith("UNK-"), rule_id
        assert row["status"] in ("built", "part", "not built", "text"), rule_id


def test_what_is_missing_has_a_reason_and_what_is_there_a_place():
    for rule_id, row in RULES.items():
        held = row["status"] in ("built", "part")
        assert bool(row["where"]) == held, rule_id
        assert row["reason"] or row["status"] in ("built", "text"), rule_id


def test_a_rule_that_is_built_is_cited_where_the_table_says_and_in_a_test():
    wrong = []
    for rule_id in HELD:
        code = in_package().get(rule_id, set()) | in_price_book().get(rule_id, set())
        for place in RULES[rule_id]["where"].split():
            assert (ROOT / place).is_file(), place
            if place not in code:
                wrong.append(f"{place} does not name {rule_id}")
        if rule_id not in in_tests():
            wrong.append(f"no test names {rule_id}")
    assert wrong == []


def test_code_and_tests_cite_known_rules_only_and_none_that_is_not_built():
    found = {**in_package(), **in_tests()}
    assert {rule_id: files for rule_id, files in found.items() if rule_id not in {*RULES, *MADE_UP}} == {}
    not_built = {rule_id for rule_id, row in RULES.items() if row["status"] == "not built"}
    assert {rule_id: files for rule_id, files in found.items() if rule_id in not_built} == {}


def test_the_rules_can_be_asked_for_by_id():
    assert list(ecs.rules()["rule_id"]) == list(RULES)
    assert rule("share-9").title == RULES["SHARE-9"]["title"]
    assert rule("SHARE-9").status == "built"
    with pytest.raises(ecs.UnknownName, match="SHARE-9"):
        rule("SHARE-99")
