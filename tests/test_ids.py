"""The ids that commands return: text wherever text goes, and they know what they name."""

from __future__ import annotations

import copy
import json
import pickle
from dataclasses import fields
from pathlib import Path

import pandas as pd
import pytest
import yaml
from helpers import BEIJING, golden_image, machine

from ecs_images import Account, Cloud, Ledger, bill


def test_an_id_knows_what_the_command_made(cloud: Cloud, acme: Account) -> None:
    web = acme.run_instance(region=BEIJING, image="aliyun_3", system_disk=40, written=12)
    made = {
        "instance": web,
        "snapshot": acme.create_snapshot(web),
        "image": acme.create_image(web),
        "policy": acme.create_auto_snapshot_policy(
            region=BEIJING, time_points=[1], repeat_weekdays=[1], retention_days=1
        ),
        "files": acme.export_image(acme.create_image(web)),
    }
    acme.stop_instance(web)
    made["disk"] = acme.replace_system_disk(web, image="aliyun_3")
    assert {kind: found.kind for kind, found in made.items()} == {kind: kind for kind in made}  # type: ignore[attr-defined]


def test_what_a_command_only_says_is_plain_text(cloud: Cloud, acme: Account, partner: Account) -> None:
    """Not an id: what sharing once more did, in the service's word."""
    golden = golden_image(acme)
    acme.share_image(golden, with_accounts=[partner])
    assert type(acme.share_image(golden, with_accounts=[partner])) is not type(golden)


def test_an_id_is_text_in_every_file(acme: Account) -> None:
    golden = golden_image(acme)
    plain = str(golden)
    assert type(plain) is str
    assert repr(golden) == "'m-00000001'"
    assert f"{golden:>13}|" == "   m-00000001|"
    assert {plain: 1}[golden] == {golden: 1}[plain] == 1
    assert json.dumps({golden: [golden]}) == '{"m-00000001": ["m-00000001"]}'
    for dumper in (yaml.SafeDumper, yaml.Dumper, getattr(yaml, "CSafeDumper", yaml.SafeDumper)):
        assert yaml.dump({golden: [golden, golden]}, Dumper=dumper) == "m-00000001:\n- m-00000001\n- m-00000001\n"


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_an_id_travels_and_keeps_its_kind(acme: Account, protocol: int) -> None:
    golden = golden_image(acme)
    for travelled in (pickle.loads(pickle.dumps(golden, protocol)), copy.deepcopy(golden)):
        assert travelled == golden
        assert travelled.kind == "image"


def test_an_id_is_text_in_tables(cloud: Cloud, acme: Account) -> None:
    golden = golden_image(acme)
    table = pd.DataFrame({"image": [golden, "m-2"], "cost": [1.0, 2.0]})
    assert table["image"].dtype == "str"
    assert table.set_index("image").loc[golden, "cost"] == 1.0
    shares = bill(cloud, until="2026-02-01").attribute("image")
    assert golden in set(shares["x_image_id"])


def test_a_ledger_keeps_the_plain_text_of_ids(cloud: Cloud, acme: Account, partner: Account, tmp_path: Path) -> None:
    web = machine(acme)
    golden = acme.create_image(web, name="golden-v1")
    acme.share_image(golden, with_accounts=[partner])
    acme.tag_resource(golden, tags={"team": "web"})
    acme.copy_image(golden, to="cn-hangzhou")
    values = [getattr(event, part.name) for event in cloud.ledger for part in fields(event)]
    assert {type(value) for value in values if isinstance(value, str)} == {str}
    cloud.ledger.save(tmp_path / "ledger.jsonl")
    assert Ledger.load(tmp_path / "ledger.jsonl") == cloud.ledger


@pytest.mark.slow
def test_completion_offers_the_kind_of_an_id_and_no_methods_of_text(acme: Account) -> None:
    shell = pytest.importorskip("IPython.core.interactiveshell").InteractiveShell()
    shell.user_ns["golden"] = golden_image(acme)
    with pytest.importorskip("IPython.core.completer").provisionalcompleter():
        offered = [found.text for found in shell.Completer.completions("golden.", len("golden."))]
    assert offered == ["kind"]
