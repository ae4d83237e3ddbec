"""What values show of themselves: one line at the prompt, and a plain card in a notebook."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from helpers import BEIJING, HANGZHOU, machine, tier

from ecs_images import Account, Bill, Cloud, Prices, Story, Updates, bill, sample
from ecs_images.cards import card


class Texts(HTMLParser):
    """The texts of the cells of a card, row by row; fails at a tag that is not closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.head = ""
        self._open: list[str] = []
        self.feed(html)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self._open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open[-1] == "b":
            self.head += data
        else:
            self.rows[-1][-1] += data


@pytest.fixture
def things(cloud: Cloud, acme: Account, partner: Account) -> dict[str, Any]:
    """One of each, a month after the cloud began: 12 GiB in Beijing, of which a copy in Hangzhou is deleted."""
    web = machine(acme)
    golden = acme.create_image(web, name="golden-v1")
    policy = acme.create_auto_snapshot_policy(
        region=BEIJING, time_points=[1], repeat_weekdays=[1], retention_days=7, disks=[cloud.instance(web).system_disk]
    )
    files = acme.export_image(golden)
    away = acme.copy_image(golden, to=HANGZHOU)
    acme.delete_image(away)
    found = bill(cloud, until="2026-01-16", prices=Prices([tier(1, unit="per_gib_hour")]), as_it_is=True)
    return {
        "image": cloud.image(golden),
        "deleted image": cloud.image(away),
        "snapshot": cloud.snapshot(cloud.image(golden).snapshots[0]),
        "instance": cloud.instance(web),
        "disk": cloud.disk(cloud.instance(web).system_disk),
        "policy": cloud.policy(policy),
        "files": cloud.files(files),
        "chain": cloud.chain(web),
        "cloud": cloud,
        "bill": found,
        "explanation": found.explain(golden),
        "prices": found.prices,
        "updates": Updates(versions_kept=1, change_gib=2),
    }


def test_a_line_says_what_it_is_whose_where_and_how_much(things: dict[str, Any]) -> None:
    image = things["instance"].image
    lines = {
        "image": "<Image m-00000001: acme, cn-beijing, golden-v1, 40 GiB, Available>",
        "deleted image": "<Image m-00000002: acme, cn-hangzhou, golden-v1, 40 GiB, gone since 2026-01-15>",
        "snapshot": "<Snapshot s-00000001: acme, cn-beijing, no. 1 of sl-d-00000001, restores 12 GiB, accomplished>",
        "instance": f"<Instance i-00000001: acme, cn-beijing, ecs.g6.large, from {image}, Running>",
        "disk": "<Disk d-00000001: acme, cn-beijing, system disk, 40 GiB cloud_essd_pl0, of i-00000001>",
        "policy": "<AutoSnapshotPolicy sp-00000001: acme, cn-beijing, kept 7 days, applied to 1 disk>",
        "files": "<ImageFiles f-00000001: acme, cn-beijing, of m-00000001, 12 GiB>",
        "chain": "<Chain sl-d-00000001: 1 live snapshot, 12 GiB>",
        "prices": "<Prices: 1 row>",
        "updates": "<Updates: every 7 days for 365 days, 1 version kept, 2 GiB changed and 0 GiB added in each>",
    }
    assert {name: repr(things[name]) for name in lines} == lines
    assert repr(things["cloud"]).startswith("<Cloud: 2026-01-15, 2 accounts, ")
    # 12 GiB × 24 h × 1, twice: the snapshot of the deleted image stays. The files have no price in a book of one row.
    assert repr(things["bill"]).startswith("<Bill: 576.00 CNY, acme and partner, 2026-01-15 to 2026-01-16, ")
    assert "m-00000001: image golden-v1 of acme in cn-beijing" in repr(things["explanation"])
    assert "288.000000 CNY" in repr(things["explanation"])


def test_every_line_is_one_line_and_heads_its_card(things: dict[str, Any]) -> None:
    story = Story.load(sample("golden_pipeline"))
    for thing in [*things.values(), story, story.run()]:
        assert "\n" not in repr(thing)
        assert Texts(thing._repr_html_()).head == repr(thing)[1:-1]


def test_a_card_has_no_colours_of_its_own(things: dict[str, Any]) -> None:
    for thing in things.values():
        assert set(re.findall('style="(.*?)"', thing._repr_html_())) <= {"text-align: left", "text-align: right"}


def test_the_card_of_a_record_has_its_facts_and_leaves_out_what_is_empty(things: dict[str, Any]) -> None:
    facts = {row[0]: row[1] for row in Texts(things["image"]._repr_html_()).rows}
    assert facts["size_gib"] == "40"
    assert facts["source"] == "i-00000001"
    assert facts["created_at"] == "2026-01-15"
    assert "snapshot s-00000001" in facts["mappings"]
    assert not {"deleted_at", "kms_key", "shared_with", "is_public"} & facts.keys()


def test_the_card_of_a_bill_has_its_meters_and_what_it_does_not_count(things: dict[str, Any]) -> None:
    rows = Texts(things["bill"]._repr_html_()).rows
    assert ["snapshot_standard", "CNY", "576"] in rows
    assert next(row[1] for row in rows if row[0] == "without a price").count("oss_standard_lrs_storage") == 1
    assert Texts(Bill(things["bill"].charges)._repr_html_()).rows[0] == ["meter", "currency", "list cost"]


def test_the_card_of_a_cloud_counts_what_each_account_has(things: dict[str, Any]) -> None:
    rows = Texts(things["cloud"]._repr_html_()).rows
    # The deleted image in Hangzhou is gone, its snapshot is not.
    assert rows[1:] == [["acme", "china", "1", "2", "1", "1"], ["partner", "china", "0", "0", "0", "0"]]


def test_names_of_people_cannot_write_into_a_page(cloud: Cloud) -> None:
    cloud.account("<script>alert(1)</script>\n\x1b[31m")
    html = cloud._repr_html_()
    assert "<script" not in html
    assert "\x1b" not in html
    assert Texts(html).rows[1][0] == "<script>alert(1)</script> �[31m"


def test_zero_is_a_fact_and_a_long_table_says_that_it_goes_on(things: dict[str, Any]) -> None:
    rows = Texts(card(things["image"], {"cost": 0, "none": None, "no": ""}, ("n",), ([n] for n in range(100)))).rows
    assert rows[0] == ["cost", "0"]
    assert rows[1] == ["n"]
    assert rows[-2:] == [["39"], ["…"]]


def test_what_is_unknown_of_a_disk_is_said(things: dict[str, Any]) -> None:
    assert "attached to nothing" in repr(things["disk"]._replace(instance=None))
