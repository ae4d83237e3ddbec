"""Where images come from and where they go, as a graph from left to right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Literal

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from ..cards import counted
from ..errors import InputError
from .style import (
    BLUE,
    DARK,
    GREEN,
    ORANGE,
    RED,
    axes_or_new,
    chosen_images,
    headline,
    legend_above,
    require,
    row_font,
    two_lines,
    width_of,
)
from .texts import plain_text, shortened, width_of_text, with_fonts

_COLUMNS = (
    "x_source",
    "x_source_kind",
    "x_source_name",
    "x_relation",
    "x_target",
    "x_target_kind",
    "x_target_name",
    "billing_account_id",
    "region_id",
    "x_gone",
)
_MOST_NODES, _FEW_NODES = 80, 24
"""Most resources and accounts that a chart shows, and most of which it chooses the images itself."""

# Colour and dash of a relation.
_RELATIONS: dict[str, tuple[str, Literal["-", "--", ":", "-."]]] = {
    "made from": (DARK, "-"),
    "copied to": (BLUE, "--"),
    "exported to": (ORANGE, "--"),
    "shared with": (RED, ":"),
    "runs from": (GREEN, "-."),
}
# Shade and outline of a kind of thing.
_KINDS = {
    "image": ("#CFE6F5", "square"),
    "snapshot": ("#EFEFEF", "square"),
    "file": ("#F3E3EE", "square"),
    "instance": ("#D9F0E6", "round"),
    "account": ("#FBE3B8", "round4"),
}
_FAINT = "#666666"
_OTHER_KIND = ("white", "square")


def lineage_graph(edges: pd.DataFrame, *, images: str | Sequence[str] | None = None, ax: Axes | None = None) -> Axes:
    """How images were made, copied, exported and shared, and what runs from them: sources on the left.

    Deleted and released resources have grey names and dashed outlines.

    edges: what `Cloud.lineage` returns: columns `x_source`, `x_source_kind`, `x_source_name`, `x_target`,
        `x_target_kind`, `x_target_name`, `x_relation` (made from, copied to, exported to, shared with, runs from),
        `billing_account_id` and `region_id` of the target, and `x_gone`
    images: ids or names of images to show, with all they come from and all that comes of them; unless given, all of
        the table, or if that is more than eighty resources and accounts, as many of the newest images as fit into
        twenty-four; the title says how much was left out
    ax: the axes to draw on; a new figure unless given

    Raises InputError for an empty table, or for more than eighty resources and accounts, which would be unreadable;
    UnknownName for an image that is not in it.
    """
    require(edges, _COLUMNS, "lineage", "cloud.lineage()")
    every = len(set(edges["x_source"].astype(str)) | set(edges["x_target"].astype(str)))
    edges = _chosen(edges, images)
    links = [(str(s), str(t)) for s, t in zip(edges["x_source"], edges["x_target"], strict=True)]
    labels, kinds, gone = _nodes(edges)
    if len(labels) > _MOST_NODES:
        raise InputError(
            f"a chart of lineage shows at most {_MOST_NODES} resources and accounts, and these are {len(labels)}; "
            "choose fewer images"
        )
    layers = _layers(list(labels), links)
    tallest = max(map(len, layers))
    ax = axes_or_new(ax, max(5.0, 2.4 * len(layers)), max(2.2, 0.55 * tallest + 0.8))
    places = {
        name: (float(x), (len(layer) - 1) / 2 - y) for x, layer in enumerate(layers) for y, name in enumerate(layer)
    }
    longest = max(width_of_text(line) for label in labels.values() for line in label.split("\n"))
    size = min(8.5, (row_font(ax, 2 * tallest + 1, most=9) or 4.0), 100 * width_of(ax) / len(layers) / (longest + 5))
    boxes = {}
    for name, (x, y) in places.items():
        face, outline = _KINDS.get(kinds[name], _OTHER_KIND)
        deleted = name in gone
        box = {"boxstyle": f"{outline},pad=0.3", "facecolor": face, "edgecolor": DARK, "linewidth": 1.0}
        if deleted:
            box |= {"facecolor": "white", "edgecolor": _FAINT, "linewidth": 0.5, "linestyle": "--"}
        look: dict[str, Any] = {"fontsize": size, "color": _FAINT if deleted else "black", "zorder": 3, "bbox": box}
        boxes[name] = ax.text(x, y, labels[name], ha="center", va="center", **look)
    for (source, target), relation in zip(links, edges["x_relation"].astype(str), strict=True):
        colour, dash = _RELATIONS.get(relation, (DARK, "-"))
        bend = 0 if places[source][0] != places[target][0] else 0.3
        arrow = {"arrowstyle": "-|>", "color": colour, "linestyle": dash, "linewidth": 1.3, "shrinkA": 0, "shrinkB": 0}
        ends = {"patchA": boxes[source].get_bbox_patch(), "patchB": boxes[target].get_bbox_patch()}
        arrow |= {**ends, "connectionstyle": f"arc3,rad={bend}"}
        ax.annotate("", xy=places[target], xytext=places[source], zorder=2, arrowprops=arrow)
    ax.set_xlim(-0.5, len(layers) - 0.5)
    ax.set_ylim(-tallest / 2, tallest / 2)
    ax.set_axis_off()
    shown = [relation for relation in _RELATIONS if relation in set(edges["x_relation"])]
    looks = [(relation, *_RELATIONS[relation]) for relation in shown]
    legend_above(ax, [Line2D([], [], color=colour, linestyle=dash, lw=1.5, label=name) for name, colour, dash in looks])
    numbers = Counter(kinds.values()).most_common()
    found = [counted(number, plain_text(kind, 24)) for kind, number in numbers]
    found += [f"{len(gone)} of them gone"] if gone else []
    left = f"; {len(labels)} of {every} resources and accounts, the others are left out" if len(labels) < every else ""
    headline(ax, f"{', '.join(found)}{left}")
    return with_fonts(ax)


def _chosen(edges: pd.DataFrame, images: str | Sequence[str] | None) -> pd.DataFrame:
    """The links between what these images come from, the images, and what comes of them.

    Without `images`: all links, or, where they join too many things, those of as many of the newest images as fit.
    """
    pairs = list(zip(edges["x_source"].astype(str), edges["x_target"].astype(str), strict=True))
    sources: dict[str, list[str]] = {}
    targets: dict[str, list[str]] = {}
    for source, target in pairs:
        sources.setdefault(target, []).append(source)
        targets.setdefault(source, []).append(target)
        sources.setdefault(source, [])
        targets.setdefault(target, [])
    ends = [
        edges[["x_source", "x_source_kind", "x_source_name"]],
        edges[["x_target", "x_target_kind", "x_target_name"]],
    ]
    things = pd.concat([end.set_axis(["id", "kind", "name"], axis=1).astype(str) for end in ends]).drop_duplicates(
        "id", keep="last"
    )
    own = things[things["kind"] == "image"]
    if images is None:
        if len(things) <= _MOST_NODES:
            return edges
        shown: set[str] = set()
        for name in reversed(own["id"].tolist()):
            wider = shown | _family(sources, targets, name)
            if len(wider) > _FEW_NODES:
                break
            shown = wider
    else:
        wanted = chosen_images(images, own["id"], own["name"])
        shown = set().union(*(_family(sources, targets, name) for name in wanted))
    return edges[[source in shown and target in shown for source, target in pairs]] if shown else edges


def _family(sources: dict[str, list[str]], targets: dict[str, list[str]], name: str) -> set[str]:
    """A thing, all it comes from, and all that comes of it."""
    return {name} | _ancestors(sources, name) | _ancestors(targets, name)


def _nodes(edges: pd.DataFrame) -> tuple[dict[str, str], dict[str, str], set[str]]:
    """The label and the kind of each node, and the nodes that are deleted or released."""
    labels: dict[str, str] = {}
    kinds: dict[str, str] = {}
    gone: set[str] = set()
    for row in edges.to_dict("records"):
        source = str(row["x_source"])
        kinds.setdefault(source, str(row["x_source_kind"]))
        labels.setdefault(source, _label(source, str(row["x_source_name"]), kinds[source], "", ""))
    for row in edges.to_dict("records"):
        target, kind = str(row["x_target"]), str(row["x_target_kind"])
        kinds[target] = kind
        labels[target] = _label(
            target, str(row["x_target_name"]), kind, str(row["billing_account_id"]), str(row["region_id"])
        )
        # When a share is taken back, the account still exists.
        if row["x_gone"] and kind != "account":
            gone.add(target)
    return labels, kinds, gone


def _label(name: str, called: str, kind: str, account: str, region: str) -> str:
    """Two lines: its name, and what or where it is."""
    lines = two_lines(shortened(called or name, 48), "_", longest=24).split("\n")
    head, kind = "\n".join(plain_text(line, 24) for line in lines), plain_text(kind, 24)
    if kind == "account":
        return f"{head}\naccount"
    where = plain_text(", ".join(filter(None, (account, region))), 30)
    if called:
        return f"{head}\n{where or kind}"
    return f"{kind} {head}\n{where}" if where else f"{head}\n{kind}"


def _layers(names: list[str], links: Iterable[tuple[str, str]]) -> list[list[str]]:
    """The nodes in columns: each to the right of all its sources, and near their height.

    A link that would close a circle is ignored for this, such as an instance that now runs from an image
    made of it.
    """
    sources: dict[str, list[str]] = {name: [] for name in names}
    column = dict.fromkeys(names, 0)
    for source, target in links:
        if target != source and target not in _ancestors(sources, source):
            sources[target].append(source)
    for _ in names:
        for name in names:
            column[name] = max((column[source] + 1 for source in sources[name]), default=0)
    layers: list[list[str]] = [[] for _ in range(max(column.values()) + 1)]
    height: dict[str, float] = {}
    for name in sorted(names, key=lambda name: column[name]):
        layers[column[name]].append(name)
    for layer in layers:
        order = {name: place for place, name in enumerate(layer)}
        layer.sort(key=lambda name: (sum(height[s] for s in sources[name]) / (len(sources[name]) or 1), order[name]))
        for place, name in enumerate(layer):
            height[name] = place - (len(layer) - 1) / 2
    return layers


def _ancestors(sources: dict[str, list[str]], name: str) -> set[str]:
    ancestors: set[str] = set()
    todo = [name]
    while todo:
        new = set(sources[todo.pop()]) - ancestors
        ancestors |= new
        todo += new
    return ancestors
