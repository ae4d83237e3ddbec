"""Whatever is in a name, every chart and picture shows it as it is written; wrong tables are refused in a sentence."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator, Sequence
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import matplotlib as mpl
import pandas as pd
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from helpers import golden_image, machine
from matplotlib.axes import Axes
from matplotlib.font_manager import fontManager
from strategies import storage

from ecs_images import Account, Bill, Cloud, InputError, Prices, UnknownName, bill, charts
from ecs_images.charts import texts
from ecs_images.charts.chain import Blocks, chain_picture
from ecs_images.charts.lifecycle import life_picture
from ecs_images.charts.plans import lines_of, plans_picture
from ecs_images.units import parse_time
from ecs_images.widgets import lifecycle_explorer, pages

CHINESE = "黄金镜像"
LONG = "v" * 295 + "-0017"
# What is in the data, and what a person reads.
HOSTILE = {
    "_hidden": "_hidden",
    "$x^2$": "$x^2$",
    r"$\frac{$": r"$\frac{$",
    "<b>&\"'": "<b>&\"'",
    "a\x1b[31m": "a�[31m",
    "b\nc\td": "b c d",
    "\u202eabc\x00": "�abc�",
    CHINESE: "□□□□",
}
DAY = pd.Timedelta(days=1)
START = pd.Timestamp("2026-01-15", tz="UTC+08:00")


def costs(names: Sequence[str]) -> pd.DataFrame:
    """Charges of 1, 2, 3 … by account, one a name."""
    found = [(name, "os_licence", n, START) for n, name in enumerate(names, 1)]
    columns = ["billing_account_id", "sku_meter", "list_cost", "charge_period_start"]
    return pd.DataFrame(found, columns=columns).assign(billing_currency="CNY")


def parts(names: Sequence[str]) -> pd.DataFrame:
    found = [(name, 1.0, 1.0 + n) for n, name in enumerate(names, 1)]
    return pd.DataFrame(found, columns=["x_part", "x_before", "x_after"]).assign(billing_currency="CNY")


def stored(names: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame([(START, name, 1.0) for name in names], columns=["x_period_start", "region_id", "x_gib"])


def curve(names: Sequence[str]) -> pd.DataFrame:
    """The first name is the cheapest at 1, the last at 2; the first is the parameter's name as well."""
    found = [(names[0], x, name, x * 10.0 - n * (x - 1) * 20) for n, name in enumerate(names) for x in (1.0, 2.0)]
    columns = ["x_parameter", "x_value", "route", "list_cost"]
    return pd.DataFrame(found, columns=columns).assign(billing_currency="CNY")


def surface(names: Sequence[str]) -> pd.DataFrame:
    columns = [
        "x_first",
        "x_second",
        "x_difference",
        "x_first_name",
        "x_second_name",
        "x_first_route",
        "x_second_route",
    ]
    found = [(a, b, a - b, names[2], names[3], names[2], names[3]) for a in (1.0, 2.0) for b in (1.0, 2.0)]
    return pd.DataFrame(found, columns=columns).assign(billing_currency="CNY")


def blocks(names: Sequence[str]) -> pd.DataFrame:
    """Each snapshot holds 3 GiB alone."""
    columns = [
        "x_snapshot_id",
        "x_number",
        "x_first_snapshot",
        "x_last_snapshot",
        "x_skipped_snapshots",
        "x_stored_gib",
    ]
    return pd.DataFrame([(name, n, n, n, "", 3.0) for n, name in enumerate(names, 1)], columns=columns)


def lives(names: Sequence[str]) -> pd.DataFrame:
    """An image of each name, in a status and with a deed of that name."""
    columns = ["resource_id", "x_image", "x_kind", "x_name", "x_form", "x_status", "x_start", "x_end", "x_goes_on"]
    spans = [
        (f"m-{n}", f"m-{n}", "image", name, "span", name, START, START + DAY, False) for n, name in enumerate(names)
    ]
    marks = [(f"m-{n}", f"m-{n}", "image", name, "mark", name, START, START, False) for n, name in enumerate(names)]
    return pd.DataFrame([*spans, *marks], columns=columns)


def links(names: Sequence[str]) -> pd.DataFrame:
    columns = ["x_source", "x_source_kind", "x_source_name", "x_target", "x_target_kind", "x_target_name"]
    found = [("i-1", "instance", "", f"m-{n}", "image", name) for n, name in enumerate(names)]
    more = {"x_relation": "made from", "billing_account_id": names[0], "region_id": "cn-beijing", "x_gone": False}
    return pd.DataFrame(found, columns=columns).assign(**more)


def routes(names: Sequence[str]) -> pd.DataFrame:
    """Of each name a route to an account of that name; the last is refused by a rule of its own name."""
    table = pd.DataFrame({"route": list(names), "list_cost": [*map(float, range(1, len(names))), float("nan")]})
    refused = {"x_allowed": table["list_cost"].notna(), "x_code": "", "x_rule": names[-1]}
    return table.assign(billing_account_id=names[0], region_id="cn-beijing", billing_currency="CNY", **refused)


def targets(names: Sequence[str]) -> pd.DataFrame:
    return pd.concat([routes(names).assign(billing_account_id=name, list_cost=n) for n, name in enumerate(names)])


def plans(names: Sequence[str]) -> pd.DataFrame:
    """Plans that cost 1, 2, 3 … after a day."""
    found = [(name, START + day * DAY, float(n * day)) for n, name in enumerate(names, 1) for day in (0, 1)]
    table = pd.DataFrame(found, columns=["x_plan", "x_at", "list_cost"])
    return table.assign(billing_currency="CNY", x_not_counted="")


def account(names: Sequence[str]) -> pd.DataFrame:
    """Images that cost 1, 2, 3 …, of which nothing bounds what the last one frees."""
    cost = [float(n) for n in range(1, len(names) + 1)]
    table = pd.DataFrame({"x_name": [f"m-{n}" for n in range(len(names))], "x_called": names, "list_cost": cost})
    high = [*cost[:-1], float("nan")]
    return table.assign(x_freed_low_cost=0.0, x_freed_high_cost=high, billing_currency="CNY")


def holding(names: Sequence[str]) -> pd.DataFrame:
    """Images that hold 1, 2, 3 … GiB at least, of which nothing bounds what the last one holds at most."""
    low = [float(n) for n in range(1, len(names) + 1)]
    table = pd.DataFrame({"x_name": [f"m-{n}" for n in range(len(names))], "x_called": names, "x_held_low_gib": low})
    return table.assign(x_held_high_gib=[*low[:-1], float("nan")], x_at=START, region_id="cn-beijing")


CHARTS: dict[str, tuple[Callable[..., Axes], Callable[[Sequence[str]], pd.DataFrame]]] = {
    "cost_over_time": (lambda t: charts.cost_over_time(t, by="billing_account_id"), costs),
    "who_pays": (lambda t: charts.who_pays(t, owner="acme"), costs),
    "bill_waterfall": (charts.bill_waterfall, parts),
    "capacity_over_time": (charts.capacity_over_time, stored),
    "break_even": (charts.break_even, curve),
    "break_even_surface": (charts.break_even_surface, surface),
    "chain_block_map": (lambda t: charts.chain_block_map(t, delete=t["x_snapshot_id"].tolist()[:2]), blocks),
    "image_lifecycle": (charts.image_lifecycle, lives),
    "lineage_graph": (charts.lineage_graph, links),
    "account_costs": (charts.account_costs, account),
    "held_over_time": (charts.held_over_time, holding),
    "plans_over_time": (charts.plans_over_time, plans),
    "routes_compared": (charts.routes_compared, routes),
    "routes_compared_by_target": (charts.routes_compared, targets),
}
PICTURES: dict[str, tuple[Callable[..., str], Callable[[Sequence[str]], pd.DataFrame]]] = {
    "chain_picture": (lambda t: chain_picture(Blocks(t), t["x_snapshot_id"].tolist()[:2], HOSTILE_TEXT), blocks),
    "life_picture": (lambda t: life_picture(t, parse_time("2026-01-15"), HOSTILE_TEXT), lives),
    "plans_picture": (lambda t: plans_picture(lines_of(t), t["billing_currency"].iloc[0], HOSTILE_TEXT), plans),
}
HOSTILE_TEXT = "\x1b<script>&\"'"


@pytest.fixture
def _only_latin() -> Iterator[None]:
    """Of the fonts of this machine only the one that matplotlib brings along."""
    before = fontManager.ttflist
    fontManager.ttflist = [font for font in before if font.name == "DejaVu Sans"]
    yield
    fontManager.ttflist = before


def read(ax: Axes) -> str:
    """All that is written on a figure, as it is drawn; a warning on the way is an error."""
    file = io.BytesIO()
    with mpl.rc_context({"svg.fonttype": "none"}):
        ax.figure.savefig(file, format="svg")
    return texts_of(file.getvalue())


def texts_of(svg: str | bytes) -> str:
    tree = ElementTree.fromstring(svg)
    return "\n".join("".join(part.itertext()) for part in tree.iter("{http://www.w3.org/2000/svg}text"))


@pytest.mark.slow
@pytest.mark.filterwarnings("error")
@pytest.mark.usefixtures("_only_latin")
@pytest.mark.parametrize("chart", CHARTS)
def test_a_chart_shows_every_name_as_it_is_written(chart: str) -> None:
    draw, table = CHARTS[chart]
    names = list(HOSTILE)
    for some in (names[:4], names[4:]):
        if chart == "break_even_surface":
            some = [*some[:2], *some[:2]]
        found = read(draw(table(some)))
        for name in some:
            wanted = HOSTILE[name]
            # The part of a bill is called like a meter, which people write without underscores.
            assert wanted in found or (chart == "bill_waterfall" and wanted.replace("_", " ") in found), name


@pytest.mark.slow
@pytest.mark.filterwarnings("error")
@pytest.mark.usefixtures("_only_latin")
@pytest.mark.parametrize("chart", CHARTS)
def test_a_name_of_three_hundred_letters_leaves_room_for_the_chart(chart: str) -> None:
    """Of the name its beginning and its end are shown; what is drawn keeps a third of the width."""
    draw, table = CHARTS[chart]
    ax = draw(table([LONG, "b", LONG, "d"] if chart == "break_even_surface" else [LONG, "b", "c", "d"]))
    found = read(ax)
    assert LONG not in found
    assert "-0017" in found
    assert ax.get_window_extent().width / ax.figure.bbox.width > 1 / 3


@pytest.mark.parametrize("picture", PICTURES)
def test_a_picture_shows_every_name_and_stays_a_picture(picture: str) -> None:
    """The browser of a page has fonts of its own, so Chinese letters stay."""
    draw, table = PICTURES[picture]
    names = [*HOSTILE, LONG]
    for some in (names[:3], names[3:6], names[6:]):
        svg = draw(table(some))
        found = texts_of(svg)
        for name in some:
            wanted = name if name == CHINESE else name[-4:] if name == LONG else HOSTILE[name]
            assert wanted in found, name
        root = ElementTree.fromstring(svg)
        assert root.get("aria-label") == "�<script>&\"'"
        assert all(float(box.get("width", 0)) >= 0 for box in root.iter("{http://www.w3.org/2000/svg}rect"))


class Tags(HTMLParser):
    """The tags of a page, and what is written in it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.words = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.words += data


PAGE_TAGS = {"p", "div", "table", "caption", "b", "thead", "tr", "th", "tbody", "td", "wbr"}
MISCHIEF = ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "\x1b]0;x\x07", "a\x00b"]


@pytest.mark.parametrize("name", MISCHIEF)
def test_a_page_shows_what_is_in_a_text_and_nothing_of_it_acts(name: str) -> None:
    page = Tags(pages.sentences([name]) + pages.table(name, [name], [[name]]))
    assert page.tags == PAGE_TAGS - {"wbr"}
    assert page.words == 4 * texts.printable(name)
    assert page.words.isprintable()


@pytest.mark.parametrize("name", MISCHIEF)
def test_an_explorer_shows_the_name_of_an_account_and_nothing_of_it_acts(
    cloud: Cloud, acme: Account, name: str
) -> None:
    """The service takes no such names for images; a story may give them to accounts."""
    cloud.account(name)
    image = golden_image(acme)
    acme.share_image(image, with_accounts=[name])
    cloud.at("2026-01-16")
    parts = lifecycle_explorer(cloud, image).parts.values()
    drawn = {"svg", "title", "defs", "pattern", "path", "rect", "line", "text", "polygon"}
    shown = [Tags(part.value) for part in parts]
    assert set().union(*(page.tags for page in shown)) <= PAGE_TAGS | drawn
    assert f"shared with {texts.printable(name)}" in shown[0].words
    assert all(page.words.isprintable() for page in shown)


# Chinese letters ----------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.usefixtures("_only_latin")
def test_that_a_font_is_missing_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    texts._say_that_a_font_is_missing.cache_clear()
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            charts.capacity_over_time(stored([CHINESE, "Zürich → Genève"]))
    assert [(record.name, record.levelname) for record in caplog.records] == [("ecs_images", "WARNING")]
    assert "install a font such as Noto Sans CJK" in caplog.text


def font_of(letters: str, family: str, path: Path) -> None:
    """Write a font that has these letters, all of them a square."""
    made = FontBuilder(1000, isTTF=True)
    glyphs = [".notdef", *(f"uni{ord(letter):04X}" for letter in letters)]
    made.setupGlyphOrder(glyphs)
    made.setupCharacterMap({ord(letter): f"uni{ord(letter):04X}" for letter in letters})
    pen = TTGlyphPen(None)
    pen.moveTo((0, 0))
    for corner in ((0, 900), (900, 900), (900, 0)):
        pen.lineTo(corner)
    pen.closePath()
    made.setupGlyf(dict.fromkeys(glyphs, pen.glyph()))
    made.setupHorizontalMetrics(dict.fromkeys(glyphs, (1000, 0)))
    made.setupHorizontalHeader(ascent=900, descent=-100)
    made.setupNameTable({"familyName": family, "styleName": "Regular"})
    made.setupOS2(usWeightClass=400)
    made.setupPost()
    made.save(path)


@pytest.mark.slow
@pytest.mark.filterwarnings("error")
@pytest.mark.usefixtures("_only_latin")
@pytest.mark.parametrize("chart", CHARTS)
def test_chinese_names_are_written_where_a_font_is_installed(chart: str, tmp_path: Path) -> None:
    font_of(CHINESE, "WenQuanYi Micro Hei", tmp_path / "font.ttf")
    fontManager.addfont(tmp_path / "font.ttf")
    draw, table = CHARTS[chart]
    found = read(draw(table([CHINESE, "b", CHINESE + "2", "d"])))
    assert CHINESE in found
    assert "□" not in found


# Wrong objects ------------------------------------------------------------------------------------

NO_TABLES = [None, [1, 2], "a table", {"a": 1}, 10**500, pd.DataFrame({"a": [1]}), pd.DataFrame()]


@pytest.mark.parametrize("chart", CHARTS)
def test_what_is_no_such_table_is_refused_in_a_short_sentence(chart: str) -> None:
    draw = getattr(charts, chart.removesuffix("_by_target"))
    for wrong in NO_TABLES:
        with pytest.raises(InputError, match=r"^a chart of .* needs ") as caught:
            draw(wrong, owner="acme") if chart == "who_pays" else draw(wrong)
        assert len(str(caught.value)) <= 200


@pytest.mark.parametrize("chart", CHARTS)
def test_text_where_a_number_or_a_time_belongs_is_refused(chart: str) -> None:
    draw, table = CHARTS[chart]
    good = table(["a", "b", "c", "d"])
    # Who pays is not asked by time.
    for name in good.select_dtypes("number" if chart == "who_pays" else ["number", "datetimetz"]).columns:
        with pytest.raises(InputError, match=r"^a chart of .* needs (numbers|times)"):
            draw(good.assign(**{name: "much"}))


@pytest.mark.slow
def test_a_bill_is_taken_for_its_charges(cloud, acme) -> None:
    golden_image(acme)
    found = bill(cloud, until="2026-02-01")
    for draw in (charts.cost_over_time, lambda one: charts.who_pays(one, owner="acme")):
        # What the charges alone cannot say: that the price of storage in Beijing is derived, and of which day.
        said = f"; {len(found.assumptions())} assumptions"
        assert read(draw(found)).replace(said, "") == read(draw(found.charges))
        assert said in read(draw(found))
    assert read(charts.capacity_over_time(found)) == read(charts.capacity_over_time(found.capacity()))
    with pytest.raises(InputError, match=r"needs a DataFrame, as bill.capacity\(\) returns it, not 5"):
        charts.capacity_over_time(5)


@pytest.mark.slow
def test_what_of_a_bill_has_no_price_is_named_below_the_axis(cloud, acme) -> None:
    """A price of storage in Beijing only: what lies in Hangzhou is not counted."""
    for region in ("cn-beijing", "cn-hangzhou"):
        acme.create_snapshot(machine(acme, region=region))
    prices = Prices([storage("cn-beijing", 1)])
    for draw in (charts.cost_over_time, lambda one: charts.who_pays(one, owner="acme")):
        found = bill(cloud, until="2026-02-01", prices=prices)
        note = "+ ?, not counted: snapshot standard in cn-hangzhou"
        assert draw(found).get_xlabel().split("\n")[1:] == [note]
        alone = [found.charges, Bill(found.charges), bill(cloud, until="2026-02-01")]
        assert ["not counted" in draw(one).get_xlabel() for one in alone] == [False] * 3


@pytest.mark.slow
def test_of_much_that_has_no_price_four_are_named_in_lines_that_fit(cloud, acme) -> None:
    for region in ("cn-beijing", "cn-hangzhou", "cn-shanghai", "cn-shenzhen", "cn-chengdu", "cn-qingdao"):
        acme.create_snapshot(machine(acme, region=region))
    found = bill(cloud, until="2026-02-01", prices=Prices([storage("cn-beijing", 1)]))
    ax = charts.cost_over_time(found)
    _, *lines = ax.get_xlabel().split("\n")
    assert " ".join(lines).endswith(", 1 more")
    ax.figure.canvas.draw()
    assert ax.xaxis.label.get_window_extent().width < ax.figure.bbox.width


def test_an_unknown_column_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match="did you mean sku_meter"):
        charts.cost_over_time(costs(["a"]), by="sku_metre")


@pytest.mark.parametrize("chart", CHARTS)
def test_what_are_no_axes_is_refused(chart: str) -> None:
    _, table = CHARTS[chart]
    name = chart.removesuffix("_by_target")
    with pytest.raises(InputError, match="ax must be a matplotlib Axes"):
        getattr(charts, name)(table(["a", "b", "c", "d"]), ax="left", **({"owner": "a"} if name == "who_pays" else {}))


@pytest.mark.parametrize(("chart", "table"), [("break_even", curve), ("break_even_surface", surface)])
def test_two_rows_for_the_same_values_are_refused(chart: str, table: Callable[[Sequence[str]], pd.DataFrame]) -> None:
    with pytest.raises(InputError, match="needs one row for each"):
        getattr(charts, chart)(pd.concat([table(["a", "b", "c", "d"])] * 2))
