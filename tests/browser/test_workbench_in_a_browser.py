"""The workbench as a page in a real browser. Nothing waits for a fixed time."""

from __future__ import annotations

SLIDER = ".widget-slider:has-text('Versions kept') .noUi-handle"
PICTURE = "svg[role=img]"
TABLE = "table:has(caption:has-text('Each route to each target'))"


def wait_for_change(page, selector: str, before: str) -> None:
    """Wait until an element says something else than before."""
    page.wait_for_function(
        "([selector, before]) => { const e = document.querySelector(selector); return e && e.outerHTML !== before }",
        arg=[selector, before],
    )


def move_slider(page) -> None:
    """One step by the keyboard changes the picture and the table of the workbench."""
    handle = page.locator(SLIDER).first
    handle.wait_for()
    picture, table = page.locator(PICTURE).first, page.locator(TABLE).first
    before = picture.evaluate("e => e.outerHTML"), table.inner_text()
    handle.focus()
    page.keyboard.press("ArrowRight")
    wait_for_change(page, PICTURE, before[0])
    assert table.inner_text() != before[1]


def test_the_page_answers_a_slider_and_asks_nothing_of_the_network(watched, voila: str) -> None:
    page = watched.page
    page.goto(voila)
    move_slider(page)
    assert page.locator(f"{PICTURE}:not([aria-label])").count() == 0
    assert page.locator("img:not([alt])").count() == 0
    assert (watched.errors, watched.outside) == ([], [])


def test_a_refused_combination_shows_its_code_its_rule_and_no_traceback(watched, voila: str) -> None:
    """SHARE-1, TYPE-3: an image is shared in its own region only."""
    page = watched.page
    page.goto(voila)
    page.locator(".widget-select-multiple:has-text('Regions') select").select_option(["cn-shanghai"])
    page.locator(".widget-dropdown:has-text('Route for all') select").select_option("share")
    page.get_by_text("the chosen route is refused").wait_for()
    refused = page.locator("table:has(caption:has-text('What is refused'))")
    assert "InvalidImageId.NotFound" in refused.inner_text()
    assert "TYPE-3" in refused.inner_text()
    page.locator(".widget-select-multiple:has-text('Accounts') select").select_option([])
    page.get_by_text("choose at least one account and one region").wait_for()
    assert "Traceback" not in page.locator("body").inner_text()
    assert watched.errors == []
