"""A marketplace image has an id that begins with m-, and a product code; every question takes either (ID-1)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from helpers import BEIJING, HANGZHOU, machine, refused
from story_texts import RUN, told

import ecs_images as ecs
from ecs_images import Account, Cloud
from ecs_images.catalog.images import is_published, marketplace_images
from ecs_images.cli import main
from ecs_images.errors import FileProblems
from ecs_images.stories.check import check
from ecs_images.stories.story import Story

CODE, OTHER_CODE = "cmjj028448", "cmjj029781"
IMAGE, OTHER_IMAGE = "m-cmjj028448", "m-cmjj029781"
EITHER = pytest.mark.parametrize("reference", [CODE, IMAGE])


def priced(tmp_path: Path) -> ecs.Prices:
    """Prices in which an hour of the product costs 2 CNY, and having it for good 50."""
    path = tmp_path / "mine.csv"
    path.write_text(
        "meter,item,region_id,unit,currency,price,valid_from\n"
        f"marketplace_fee,{CODE},all_regions,per_instance_hour,CNY,2,2026-01-01\n"
        f"marketplace_fee,{CODE},all_regions,per_activation,CNY,50,2026-01-01\n",
        encoding="utf-8",
    )
    return ecs.Prices.published(path)


def test_every_marketplace_image_has_an_id_that_begins_with_m() -> None:
    """ID-1, ASSUME-13: no two products share one, and no public image has such an id."""
    ids = [product.image_id for product in marketplace_images().values()]
    assert len(set(ids)) == 27
    assert all(image.startswith("m-") and is_published(image) for image in ids)
    assert not is_published("m-cmjj")
    assert not is_published(f"m-{IMAGE}")


@EITHER
def test_what_runs_from_a_marketplace_image_has_its_id_and_carries_the_product_code(
    cloud: Cloud, acme: Account, reference: str
) -> None:
    """ID-1, ID-4: on the instance, its disk, a snapshot, an image, and a copy of that."""
    web = cloud.instance(machine(acme, image=reference))
    assert (web.image, cloud.disk(web.system_disk).image, web.lineage.origin) == (IMAGE, IMAGE, IMAGE)
    snapshot = cloud.snapshot(acme.create_snapshot(web.system_disk))
    image = cloud.image(acme.create_image(web))
    copy = cloud.image(acme.copy_image(image, to=HANGZHOU))
    carried = {found.lineage and found.lineage.product_code for found in (web, snapshot, image, copy)}
    assert carried == {CODE}


@EITHER
def test_a_system_is_replaced_by_either_name_and_the_same_product_is_no_other(
    cloud: Cloud, acme: Account, reference: str
) -> None:
    """MKT-5: what is bought once goes on through a replacement by the same product."""
    bought = acme.buy_product(CODE, region=BEIJING, billing="once")
    web = machine(acme, image=IMAGE)
    acme.stop_instance(web)
    acme.replace_system_disk(web, reference)
    assert (cloud.instance(web).image, cloud.instance(web).purchase) == (IMAGE, bought)


@EITHER
def test_a_marketplace_image_is_the_providers_by_either_name(cloud: Cloud, acme: Account, reference: str) -> None:
    """TYPE-4, EXP-2: a customer neither exports, deletes, copies, shares nor modifies it."""
    with refused(cloud, "ImageNotSupported"):
        acme.export_image(reference)
    for command in (
        lambda: acme.delete_image(reference),
        lambda: acme.copy_image(reference, to=HANGZHOU),
        lambda: acme.share_image(reference, with_accounts=["acme"]),
        lambda: acme.modify_image(reference, name="mine"),
    ):
        with refused(cloud, "InvalidImageId.NotFound"):
            command()
    abroad = cloud.account("abroad", site="international")
    with refused(cloud, "InvalidImageId.NotFound", operation="RunInstances") as caught:
        machine(abroad, image=reference)
    assert f"{reference} is sold on the china site only" in str(caught.value)


def test_lineage_begins_at_the_id_and_is_asked_for_by_either(cloud: Cloud, acme: Account) -> None:
    web = machine(acme, image=CODE)
    image = acme.create_image(web)
    table = cloud.lineage()
    assert list(zip(table["x_source"], table["x_source_kind"], table["x_target"], strict=True)) == [
        (IMAGE, "marketplace image", web),
        (web, "instance", image),
    ]
    for reference in (CODE, IMAGE):
        assert len(cloud.lineage(reference)) == 2
    with pytest.raises(ecs.UnknownName):
        cloud.lineage(OTHER_CODE)


@EITHER
def test_a_bill_has_the_id_and_explains_either_name(
    cloud: Cloud, acme: Account, tmp_path: Path, reference: str
) -> None:
    """One hour at 2, and 50 for good; a price book goes by the product code."""
    machine(acme, image=CODE)
    acme.buy_product(IMAGE.removeprefix("m-"), region=HANGZHOU, billing="once")
    bill = ecs.bill(cloud, until="2026-01-15T01:00+08:00", prices=priced(tmp_path))
    fees = bill.charges[bill.charges["sku_meter"] == "marketplace_fee"]
    assert set(fees["x_item"]) == {CODE}
    by_image = bill.by("image")
    assert dict(zip(by_image["x_image_id"], by_image["list_cost"], strict=True))[IMAGE] == 52
    assert bill.explain(reference).total == 52
    assert {"instance launched", "product bought"} <= {
        str(what).partition(":")[0] for what in bill.explain(reference).events["what"]
    }


def test_a_bill_names_the_assumption_where_a_marketplace_image_was_used(cloud: Cloud, acme: Account) -> None:
    """ASSUME-13: real ids differ by region and are not published."""
    machine(acme)
    assert "ASSUME-13" not in set(ecs.bill(cloud, until="2026-02-01").assumptions()["assumption"])
    machine(acme, image=CODE)
    named = ecs.bill(cloud, until="2026-02-01").assumptions().set_index("assumption")
    assert named.loc["ASSUME-13", "taken"] == "m- and its product code"


@EITHER
def test_fees_of_either_name_are_the_same(cloud: Cloud, acme: Account, reference: str) -> None:
    table = ecs.fees(cloud, reference, account="acme", region=BEIJING)
    assert (list(table["sku_meter"]), list(table["x_item"])) == (["marketplace_fee"], [CODE])
    image = acme.create_image(machine(acme, image=reference))
    assert f"it comes from {IMAGE}" in ecs.fees(cloud, image)["x_follows_from"].iloc[-1]


@EITHER
def test_routes_are_for_images_of_accounts_and_rebuild_from_the_marketplace_image(
    cloud: Cloud, acme: Account, reference: str
) -> None:
    """TYPE-4; the way "rebuild there" launches the product again, by the id in the lineage."""
    asked: dict = {"accounts": ["acme"], "regions": [HANGZHOU]}
    with pytest.raises(ecs.InputError, match=f"{reference} is the provider's"):
        ecs.routes(cloud, reference, **asked)
    table = ecs.routes(cloud, acme.create_image(machine(acme, image=reference)), **asked)
    assert table.set_index("route").loc["rebuild there", "x_allowed"]


def test_products_list_both_and_images_say_where_a_marketplace_image_is_listed() -> None:
    for word in (CODE, IMAGE):
        (row,) = ecs.products(word).to_dict("records")
        assert (row["product_code"], row["image_id"]) == (CODE, IMAGE)
        with pytest.raises(ecs.InputError, match=f"{word} is a marketplace image; products lists those"):
            ecs.images(word)


def test_a_story_takes_either_name_and_expects_either(tmp_path: Path) -> None:
    path = tmp_path / "shop.yaml"
    path.write_text(
        told(
            "steps:",
            f"  - run_instance: {{as: one, account: acme, region: cn-beijing, image: {CODE}}}",
            f"  - run_instance: {{as: two, account: acme, region: cn-beijing, image: {IMAGE}}}",
            "expect:",
            *(f"  - {{instance: {who}, image: {name}}}" for who in ("one", "two") for name in (CODE, IMAGE)),
            f"  - {{instance: one, image: {OTHER_IMAGE}}}",
        ),
        encoding="utf-8",
    )
    story = Story.load(path)
    assert [outcome.passed for outcome in check(story, story.run())] == [True] * 4 + [False]


@pytest.mark.slow
def test_a_story_expects_the_cost_of_a_marketplace_image_by_either_name(tmp_path: Path) -> None:
    """From 2026-01-15T10:00 to 2026-02-14T00:00 are 710 hours: 1420 at 2 an hour. The other has no price."""
    priced(tmp_path)
    text = told(
        "prices: mine.csv",
        "steps:",
        f"  - run_instance: {{account: acme, region: cn-beijing, image: {CODE}}}",
        f"  - run_instance: {{account: acme, region: cn-beijing, image: {OTHER_CODE}}}",
        "expect:",
        *(f"  - {{where: {{image: {name}}}, cost: 1420}}" for name in (CODE, IMAGE)),
    )
    (tmp_path / "shop.yaml").write_text(text, encoding="utf-8")
    story = Story.load(tmp_path / "shop.yaml")
    assert [outcome.passed for outcome in check(story, story.run())] == [True, True]
    (tmp_path / "shop.yaml").write_text(text.replace(f"image: {CODE}}}, cost: 1420", f"image: {OTHER_CODE}}}, cost: 0"))
    lacking = Story.load(tmp_path / "shop.yaml")
    with pytest.raises(FileProblems, match=f"no CNY price for marketplace_fee of {OTHER_CODE}"):
        check(lacking, lacking.run())


# Older ledgers ------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("header", [{"format": 2}, {"format": 3}])
def test_a_ledger_in_which_the_code_was_the_id_loads_and_bills_the_same(
    cloud: Cloud, acme: Account, tmp_path: Path, header: dict[str, int]
) -> None:
    """Ground rule 13: every record is checked, since the header has no checksum."""
    web = machine(acme, image=IMAGE)
    acme.buy_product(CODE, region=BEIJING, billing="once")
    other = machine(acme, image=OTHER_IMAGE)
    acme.stop_instance(other)
    acme.replace_system_disk(other, IMAGE)
    acme.create_image(web)
    new, old = tmp_path / "new.jsonl", tmp_path / "old.jsonl"
    cloud.ledger.save(new)
    _, *records = new.read_text(encoding="utf-8").splitlines()
    head = {"ledger": "ecs_images", "records": len(records), **header}
    older = [json.dumps(head), *(record.replace('"m-cmjj', '"cmjj').replace('"ASSUME-13", ', "") for record in records)]
    old.write_text("\n".join(older) + "\n", encoding="utf-8")
    assert IMAGE not in old.read_text(encoding="utf-8")

    loaded, prices = ecs.Ledger.load(old), priced(tmp_path)
    bills = [ecs.bill(one, until="2026-02-01", prices=prices) for one in (cloud.ledger, loaded)]
    assert bills[0].charges.equals(bills[1].charges)
    assert "ASSUME-13" not in set(bills[1].assumptions()["assumption"])
    for reference in (CODE, IMAGE):
        assert str(bills[1].explain(reference).totals) == str(bills[0].explain(IMAGE).totals)
    assert Cloud.from_ledger(loaded).lineage(CODE)["x_source_kind"].iloc[0] == "marketplace image"


def test_the_command_line_lists_fees_of_either_name(tmp_path: Path, capsys, monkeypatch) -> None:
    path = tmp_path / "shop.yaml"
    path.write_text(told("steps:", RUN), encoding="utf-8")
    said = []
    for reference in (CODE, IMAGE):
        monkeypatch.setattr("sys.argv", ["ecs-images", "fees", str(path), "--image", reference,
                                         "--account", "acme", "--region", BEIJING, "--format", "csv"])  # fmt: skip
        with pytest.raises(SystemExit):
            main()
        said.append(capsys.readouterr().out)
    assert said[0] == said[1]
    assert f"marketplace_fee,{CODE}" in said[0]
