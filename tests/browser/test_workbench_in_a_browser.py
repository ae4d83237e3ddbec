"""The workbench in a real browser: as a page, and in a lesson. Nothing waits for a fixed time."""

from __future__ import annotations

SLIDER = ".widget-slider:has-text('Versions kept') .noUi-handle"
PICTURE = "svg[role=img]"
TABLE = "table:has(caption:has-text('Each route to each target'))"


def move_slider(page) -> None:
    """One step by the keyboard changes the picture and the table of the workbench."""
    from playwright.sync_api import expect

    handle = page.locator(SLIDER).first
    handle.wait_for()
    picture, table = page.locator(PICTURE).first, page.locator(TABLE).first
    drawn, told = picture.text_content(), table.text_content()
    handle.focus()
    page.keyboard.press("ArrowRight")
    expect(picture).not_to_have_text(drawn)
    expect(table).not_to_have_text(told)


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


def test_lesson_05_runs_in_jupyterlab_and_its_workbench_answers(watched, lab: str) -> None:
    page = watched.page
    page.goto(f"{lab}/tree/05_share_or_copy.ipynb?reset")
    # Cells that are run before there is a kernel are only emptied.
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()
    # The promise of the command is kept when all cells are done; the slider is waited for instead.
    page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells') }")
    move_slider(page)
    assert watched.errors == []
