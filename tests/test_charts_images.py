"""Charts of chains, lives and lineage, read back from their `Axes`."""

from __future__ import annotations

from typing import NamedTuple

import matplotlib.dates as mdates
import matplotlib.pyplot as plt
import pandas as pd
import pytest
from helpers import HANGZHOU, golden_image, machine
from matplotlib.colors import to_rgb

from ecs_images import InputError, UnknownName, charts


def rows(ax: plt.Axes) -> list[str]:
    return [label.get_text() for label in ax.get_yticklabels()]


def texts(ax: plt.Axes) -> list[str]:
    return [text.get_text() for text in ax.texts]


def legend(ax: plt.Axes) -> list[str]:
    return [text.get_text() for text in ax.get_legend().get_texts()]


# Blocks of a chain --------------------------------------------------------------------------------


def blocks(*runs: tuple[int, int, float, list[int]]) -> pd.DataFrame:
    """A block map of (first, last, GiB, live holders)."""
    found = [
        {
            "x_snapshot_id": f"s-{n}",
            "x_number": n,
            "x_first_snapshot": first,
            "x_last_snapshot": last,
            "x_skipped_snapshots": "",
            "x_stored_gib": gib,
        }
        for first, last, gib, holders in runs
        for n in holders
    ]
    return pd.DataFrame(found).sort_values(["x_number", "x_first_snapshot", "x_last_snapshot"], ignore_index=True)


def two_snapshots() -> pd.DataFrame:
    """Snapshot 1 stores 12 GiB, of which 2 are written over before snapshot 2 stores its own 3."""
    return blocks((1, 1, 2, [1]), (1, 2, 10, [1, 2]), (2, 2, 3, [2]))


class Box(NamedTuple):
    """A block as drawn: how wide, in which colour, and whether it is hatched."""

    width: float
    colour: tuple[float, ...]
    hatched: bool


def boxes(ax: plt.Axes) -> dict[tuple[int, float], Box]:
    """The blocks drawn, by (row, where they begin)."""
    found = {}
    for group in ax.collections:
        for path in group.get_paths():
            (left, top), (right, _) = path.vertices.min(axis=0), path.vertices.max(axis=0)
            box = Box(float(right - left), tuple(group.get_facecolor()[0]), bool(group.get_hatch()))
            found[round(top + 0.4), float(left)] = box
    return found


def test_a_column_is_as_wide_as_what_it_stores_and_stands_in_the_row_of_each_holder():
    ax = charts.chain_block_map(two_snapshots())
    assert {place: box.width for place, box in boxes(ax).items()} == {(0, 0): 2, (0, 2): 10, (1, 2): 10, (1, 12): 3}
    assert rows(ax) == ["s-1  no. 1", "s-2  no. 2"]
    assert ax.get_xlabel() == "stored blocks [GiB]"
    assert ax.get_xlim() == (0, 15)
    assert ax.get_title(loc="left") == "15 GiB stored"
    assert texts(ax) == ["2 GiB", "10 GiB", "3 GiB"]


def test_blocks_born_later_are_darker_and_their_birth_stands_above():
    ax = charts.chain_block_map(two_snapshots())
    found = boxes(ax)
    assert found[0, 0].colour == found[0, 2].colour == found[1, 2].colour
    assert sum(to_rgb(found[1, 12].colour)) < sum(to_rgb(found[0, 0].colour))
    (top,) = ax.child_axes
    assert [(float(x), label.get_text()) for x, label in zip(top.get_xticks(), top.get_xticklabels(), strict=True)] == [
        (6, "1"),
        (13.5, "2"),
    ]
    assert top.get_xlabel() == "first stored by snapshot no."


def test_hatched_is_what_deletions_free():
    """Deleting 1 frees its 2 GiB; deleting both frees all 15, the 10 they share too (CHAIN-2)."""
    one = charts.chain_block_map(two_snapshots(), delete=["s-1"])
    assert {place for place, box in boxes(one).items() if box.hatched} == {(0, 0)}
    assert one.get_title(loc="left") == "15 GiB stored; deleting s-1 frees 2 GiB (hatched)"
    assert rows(one) == ["s-1  ✕  no. 1", "s-2  no. 2"]
    both = charts.chain_block_map(two_snapshots(), delete=["s-1", "s-2"])
    assert all(box.hatched for box in boxes(both).values())
    assert both.get_title(loc="left").endswith("deleting s-1, s-2 frees 15 GiB (hatched)")


def test_deleting_what_others_hold_frees_nothing():
    ax = charts.chain_block_map(blocks((1, 2, 12, [1, 2])), delete=["s-2"])
    assert ax.get_title(loc="left") == "12 GiB stored; deleting s-2 frees nothing"


def test_runs_with_the_same_holders_are_one_column_named_by_all_births():
    """Snapshots 1 to 3 are gone; what they first stored is held by 4 alone: 5 + 1 + 1."""
    ax = charts.chain_block_map(blocks((1, 4, 5, [4]), (2, 4, 1, [4]), (3, 4, 1, [4])))
    assert [box.width for box in boxes(ax).values()] == [7]
    assert [label.get_text() for label in ax.child_axes[0].get_xticklabels()] == ["1–3"]


def test_what_a_chart_says_is_freed_is_what_the_cloud_frees(cloud, acme):
    web = machine(acme)
    taken = [acme.create_snapshot(web)]
    for offset in (1, 2, 4):
        acme.write(web, overwrite=2, offset=offset, new=0.5)
        taken.append(acme.create_snapshot(web))
    freed = cloud.freed_gib(taken[1:3])
    ax = charts.chain_block_map(cloud.block_map(web), delete=taken[1:3])
    assert sum({x: box.width for (_, x), box in boxes(ax).items() if box.hatched}.values()) == freed
    assert ax.get_xlim()[1] == cloud.chain(web).total_gib


def test_a_block_map_needs_blocks_and_known_snapshots():
    with pytest.raises(InputError, match="at least one row"):
        charts.chain_block_map(two_snapshots().iloc[:0])
    with pytest.raises(InputError, match="hold none"):
        charts.chain_block_map(blocks((0, 0, 0, [1])))
    with pytest.raises(UnknownName, match="unknown live snapshot of this chain 's-9'; did you mean s-2 or s-1"):
        charts.chain_block_map(two_snapshots(), delete=["s-9"])


# Lives --------------------------------------------------------------------------------------------


def life(cloud, acme) -> tuple[str, str]:
    """An image shared on the 16th and deleted on the 20th; its snapshot goes on to the 25th."""
    image = golden_image(acme, name="golden-v1")
    cloud.account("partner")
    cloud.at("2026-01-16")
    acme.share_image(image, with_accounts=["partner"])
    cloud.at("2026-01-20")
    acme.unshare_image(image, from_accounts=["partner"])
    acme.delete_image(image)
    cloud.at("2026-01-25")
    return image, cloud.image(image).system_snapshot


def days(ax: plt.Axes) -> list[tuple[int, float]]:
    """Each bar as (row, days)."""
    bars = (bar for container in ax.containers for bar in container)
    return [(round(bar.get_y() + bar.get_height() / 2), bar.get_width()) for bar in bars]


@pytest.mark.slow
def test_each_status_is_a_bar_and_what_was_done_is_a_sign(cloud, acme):
    """5 days Available; 10 days stored."""
    image, snapshot = life(cloud, acme)
    ax = charts.image_lifecycle(cloud.lifecycle())
    assert rows(ax) == [f"golden-v1  {image}", snapshot]
    assert days(ax) == [(0, 5), (1, 10)]
    assert legend(ax) == ["image Available", "snapshot stored and billed", "shared", "unshared", "deleted"]
    clock = cloud.now.tzinfo
    signs = {line.get_label(): mdates.num2date(line.get_xdata(orig=False)[0], clock) for line in ax.lines}
    assert f"{signs['shared']:%m-%d} {signs['unshared']:%m-%d} {signs['deleted']:%m-%d}" == "01-16 01-20 01-20"
    assert ax.get_xlabel() == "time (UTC+8), from 2026-01-15"


def test_only_what_goes_on_ends_in_an_arrow(cloud, acme):
    life(cloud, acme)
    ax = charts.image_lifecycle(cloud.lifecycle())
    arrows = [line for line in ax.lines if line.get_marker() == 9]
    assert [line.get_ydata()[0] for line in arrows] == [1]


def test_images_are_taller_than_snapshots_and_statuses_differ_in_hatch(cloud, acme):
    image = golden_image(acme)
    cloud.at("2026-01-16")
    acme.modify_image(image, status="Deprecated")
    cloud.at("2026-01-17")
    bars = [bar for c in charts.image_lifecycle(cloud.lifecycle()).containers for bar in c]
    assert bars[0].get_height() > bars[2].get_height()
    assert (bars[0].get_hatch() or "") != bars[1].get_hatch()


@pytest.mark.slow
def test_images_are_chosen_by_name_or_id_and_what_is_left_out_is_said(cloud, acme):
    """Three images with a snapshot each; the second is deleted, its snapshot stays."""
    first, second, third = (golden_image(acme, name=f"golden-{n}") for n in (1, 2, 3))
    cloud.at("2026-01-20")
    acme.delete_image(second)
    cloud.at("2026-01-25")
    lives = cloud.lifecycle()
    behind = {name: cloud.image(name).system_snapshot for name in (first, second, third)}
    whole = charts.image_lifecycle(lives)
    assert whole.get_title(loc="left") == "2 of 3 images and 3 of 3 snapshots still there at the end"
    two = charts.image_lifecycle(lives, images=["golden-2", third])
    assert rows(two) == [f"golden-2  {second}", behind[second], f"golden-3  {third}", behind[third]]
    said = "1 of 2 images and 2 of 2 snapshots still there at the end; 2 other rows left out"
    assert two.get_title(loc="left") == said
    with pytest.raises(UnknownName, match="unknown image of this table 'golden-9'; did you mean golden-"):
        charts.image_lifecycle(lives, images="golden-9")


@pytest.mark.slow
def test_of_too_many_images_the_newest_are_shown(cloud, acme):
    """Thirty images with a snapshot each are sixty rows, and forty are shown."""
    for n in range(30):
        golden_image(acme, name=f"golden-{n}")
    cloud.at("2026-01-20")
    ax = charts.image_lifecycle(cloud.lifecycle())
    assert ax.get_ylim()[0] == 40 - 0.4
    assert ax.get_title(loc="left").replace("\n", " ").endswith("20 other rows left out, which are older")
    assert rows(ax)[0].startswith("golden-10  ")


def test_what_is_made_at_the_very_end_is_still_there_and_what_is_deleted_then_is_not(cloud, acme):
    """The first lives on, the second is deleted at the end; the third is made then and has but a sign."""
    cloud.account("partner")
    golden_image(acme, name="first")
    second = golden_image(acme, name="second")
    cloud.at("2026-01-20")
    acme.delete_image(second)
    acme.share_image(golden_image(acme, name="third"), with_accounts=["partner"])
    said = charts.image_lifecycle(cloud.lifecycle()).get_title(loc="left")
    assert said == "2 of 3 images and 2 of 2 snapshots still there at the end"


def test_no_lives_make_no_chart(cloud):
    with pytest.raises(InputError, match="at least one row"):
        charts.image_lifecycle(cloud.lifecycle())


# Lineage ------------------------------------------------------------------------------------------


def steps(*links: tuple[str, str, str], gone: tuple[str, ...] = ()) -> pd.DataFrame:
    """A lineage of images: (source, relation, target)."""
    return pd.DataFrame(
        [
            {
                "x_source": source,
                "x_source_kind": "image",
                "x_source_name": "",
                "x_relation": relation,
                "x_target": target,
                "x_target_kind": "account" if relation == "shared with" else "image",
                "x_target_name": "",
                "billing_account_id": "acme",
                "region_id": "cn-beijing",
                "x_gone": target in gone,
            }
            for source, relation, target in links
        ]
    )


def columns(ax: plt.Axes) -> dict[str, float]:
    """In which column each thing stands."""
    words = {text.get_text(): text.get_position()[0] for text in ax.texts if text.get_text()}
    return {next(word for word in label.split() if word[0].isupper()): x for label, x in words.items()}


def test_everything_stands_right_of_all_it_comes_from():
    """C comes from A and, by way of B, from A again: it stands right of B."""
    ax = charts.lineage_graph(steps(("A", "made from", "C"), ("A", "made from", "B"), ("B", "copied to", "C")))
    assert columns(ax) == {"A": 0, "B": 1, "C": 2}


def test_each_relation_has_a_dash_of_its_own():
    ax = charts.lineage_graph(
        steps(("A", "made from", "B"), ("B", "copied to", "C"), ("B", "shared with", "D"), ("B", "runs from", "E"))
    )
    arrows = [text.arrow_patch for text in ax.texts if getattr(text, "arrow_patch", None)]
    assert len(arrows) == 4
    assert len({arrow.get_linestyle() for arrow in arrows}) == 4
    assert legend(ax) == ["made from", "copied to", "shared with", "runs from"]


def test_a_circle_is_drawn_too():
    """OS-1: B was made from A, and A runs from B now."""
    ax = charts.lineage_graph(steps(("A", "made from", "B"), ("B", "runs from", "A")))
    assert columns(ax) == {"A": 0, "B": 1}
    assert len([text for text in ax.texts if getattr(text, "arrow_patch", None)]) == 2


def test_what_is_gone_is_grey_and_in_dashes():
    ax = charts.lineage_graph(steps(("A", "made from", "B"), ("A", "made from", "C"), gone=("B",)))
    dashed = [text.get_text() for text in ax.texts if text.get_text() and text.get_bbox_patch().get_linestyle() == "--"]
    assert [label.split()[1] for label in dashed] == ["B"]


@pytest.mark.slow
def test_thirty_things_stand_apart_from_one_another(cloud, acme, partner):
    """One instance, seven images with three copies each, and a receiver: no two boxes touch."""
    web = machine(acme)
    for n in range(7):
        image = acme.create_image(web, name=f"golden-{n}")
        acme.share_image(image, with_accounts=["partner"])
        for region in (HANGZHOU, "cn-shanghai", "cn-hongkong"):
            acme.copy_image(image, to=region)
    ax = charts.lineage_graph(cloud.lineage())
    ax.figure.canvas.draw()
    drawn = [text.get_bbox_patch().get_window_extent() for text in ax.texts if text.get_text()]
    assert len(drawn) == 1 + 1 + 7 + 21 + 1
    assert [1 for k, one in enumerate(drawn) for other in drawn[:k] if one.overlaps(other)] == []


def test_a_lineage_of_some_images_is_all_they_come_from_and_all_that_comes_of_them():
    """B and C are made from A, and D is a copy of C: C belongs with A and D, not with B."""
    links = steps(("A", "made from", "B"), ("A", "made from", "C"), ("C", "copied to", "D"))
    ax = charts.lineage_graph(links, images="C")
    assert columns(ax) == {"A": 0, "C": 1, "D": 2}
    assert ax.get_title(loc="left") == "3 images; 3 of 4 resources and accounts, the others are left out"
    with pytest.raises(UnknownName, match="unknown image of this table 'E'"):
        charts.lineage_graph(links, images=["E"])
    with pytest.raises(InputError, match="images is empty"):
        charts.lineage_graph(links, images=[])


def test_of_too_many_things_those_of_the_newest_images_are_shown():
    """Fifty images with a copy each: of 100 things, 24 are those of the last twelve."""
    links = steps(*[(f"A{n:02d}", "copied to", f"B{n:02d}") for n in range(50)])
    ax = charts.lineage_graph(links)
    assert {name for name in columns(ax) if name[0] == "A"} == {f"A{n:02d}" for n in range(38, 50)}
    said = "24 images; 24 of 100 resources and accounts, the others are left out"
    assert ax.get_title(loc="left").replace("\n", " ") == said


def test_too_many_things_and_none_make_no_chart(cloud):
    with pytest.raises(InputError, match="at most 80 resources and accounts, and these are 101"):
        charts.lineage_graph(steps(*[("A", "made from", f"B{n}") for n in range(100)]), images="A")
    with pytest.raises(InputError, match="at least one row"):
        charts.lineage_graph(cloud.lineage())
