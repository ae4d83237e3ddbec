"""The workbench in a real browser: as a page, and in a lesson. Nothing waits for a fixed time."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

SLIDER = ".widget-slider:has-text('versions kept') .noUi-handle"
PICTURE = "svg[role=img]"
CELL = "[role=gridcell]"
BROKEN = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]}}


def move_slider(page) -> None:
    """One step by the keyboard changes the answer, the grid and the picture of the workbench."""
    handle = page.locator(SLIDER).first
    handle.wait_for()
    answer, grid, picture = (page.locator(what).first for what in (".ecs-answer", "[role=grid]", PICTURE))
    before = answer.text_content(), grid.text_content(), picture.text_content()
    handle.focus()
    page.keyboard.press("ArrowRight")
    for shown, old in zip((answer, grid, picture), before, strict=True):
        expect(shown).not_to_have_text(old)


def opened(page, address: str) -> None:
    page.goto(address)
    page.locator(CELL).first.wait_for()


def test_the_page_answers_a_slider_and_asks_nothing_of_the_network(watched, voila: str) -> None:
    page = watched.page
    opened(page, voila)
    move_slider(page)
    assert page.locator(f"{PICTURE}:not([aria-label])").count() == 0
    assert page.locator("img:not([alt])").count() == 0
    assert (watched.errors, watched.outside) == ([], [])


def test_the_grid_is_one_stop_of_tab_and_walked_by_arrows(watched, voila: str) -> None:
    """Two accounts wide and four regions high; Enter opens the ways of a cell, and the focus stays in the grid."""
    page = watched.page
    opened(page, voila)
    cells = page.locator(CELL)
    assert page.locator(f"{CELL}[tabindex='0']").count() == 1
    cells.first.focus()
    for key, place in (("ArrowDown", 2), ("ArrowRight", 3), ("Home", 2), ("Control+End", 7), ("ArrowUp", 5)):
        page.keyboard.press(key)
        expect(cells.nth(place)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".ecs-ways legend")).to_have_text("Ways to reseller in cn-hongkong")
    expect(cells.nth(5)).to_be_focused()
    expect(cells.nth(5)).to_have_attribute("aria-selected", "true")


def test_a_way_is_chosen_by_the_keyboard_and_a_refused_one_says_why(watched, voila: str) -> None:
    """SHARE-1, TYPE-3: an image is shared in its own region only."""
    page = watched.page
    opened(page, voila)
    page.locator(CELL).nth(4).click()
    page.locator(".ecs-ways input").first.focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator(CELL).nth(4)).to_have_class("chosen")
    expect(page.locator(".ecs-ways input:checked")).to_be_focused()
    refused = page.locator(".ecs-ways .refused").first.inner_text()
    assert "InvalidImageId.NotFound" in refused
    assert "TYPE-3" in refused
    assert "Traceback" not in page.locator("body").inner_text()
    assert watched.errors == []


def test_the_address_brings_the_same_state_back_and_says_what_cannot_be(watched, voila: str) -> None:
    page = watched.page
    opened(page, voila)
    page.locator(SLIDER).first.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_url("**/?share-or-copy-workbench=*")
    assert "token" not in page.url
    kept = json.loads(parse_qs(urlsplit(page.url).query)["share-or-copy-workbench"][0])
    assert kept == {"versions_kept": 13}
    answer = page.locator(".ecs-answer").first.text_content()
    page.reload()
    expect(page.locator(".ecs-answer").first).to_have_text(answer)
    wrong = quote(json.dumps({"regions": ["<img src=x onerror='window.seized=1'>"]}))
    page.goto(f"{page.url.partition('?')[0]}?share-or-copy-workbench={wrong}&tab=Prices")
    expect(page.get_by_role("tab", selected=True)).to_have_text("Prices")
    page.get_by_role("tab", name="Ways").click()
    page.get_by_text("unknown region").wait_for()
    assert page.evaluate("window.seized") is None


def test_the_plan_is_saved_as_a_story(watched, voila: str) -> None:
    page = watched.page
    opened(page, voila)
    with page.expect_download() as waited:
        page.get_by_role("button", name="save the plan as a story").click()
    assert waited.value.suggested_filename == "plan.yaml"


@pytest.mark.parametrize("tab", ["Ways", "Lifecycle", "Prices", "Chain"])
def test_every_tab_is_reached_by_keyboard_and_breaks_no_rule_of_accessibility(watched, voila: str, tab: str) -> None:
    page = watched.page
    opened(page, voila)
    page.get_by_role("tab").first.focus()
    while page.evaluate("document.activeElement.textContent") != tab:
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.get_by_role("tab", name=tab)).to_have_attribute("aria-selected", "true")
    page.locator(".ecs-panel .ecs-answer p").locator("visible=true").first.wait_for()
    if tab == "Ways":
        page.locator(CELL).nth(4).click()
        page.locator(".ecs-ways legend").wait_for()
    found = Axe().run(page, options=BROKEN)
    assert found.violations_count == 0, found.generate_report()


def test_lesson_05_runs_in_jupyterlab_and_its_workbench_answers_and_keeps_its_keys(watched, lab: str) -> None:
    """Without a guard an arrow walks to the next cell of the notebook and x cuts the cell of the workbench."""
    page = watched.page
    page.goto(f"{lab}/tree/05_share_or_copy.ipynb?reset")
    # Cells that are run before there is a kernel are only emptied.
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()
    # The promise of the command is kept when all cells are done; the slider is waited for instead.
    page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells') }")
    move_slider(page)
    cells = page.locator(".jp-Notebook .jp-Cell").count()
    page.locator(CELL).first.click()
    page.locator(".ecs-ways input").first.focus()
    for key in ("x", "b", "a"):
        page.keyboard.press(key)
    page.keyboard.press("ArrowDown")
    expect(page.locator(".ecs-ways input:checked")).to_be_focused()
    assert page.locator(".jp-Notebook .jp-Cell").count() == cells
    assert watched.errors == []
