"""The errors: one tree, and messages that say what happened and what to do next (ground rule 3)."""

import inspect

import pytest

from ecs_images import errors
from ecs_images.errors import (
    CloudError,
    EcsImagesError,
    FileProblems,
    InputError,
    MixedCurrencies,
    PriceNotFound,
    Problem,
    UnknownName,
    nearest,
)

MISSING = ("os_licence", "Windows Server", "cn-hongkong", "2026-01-15", "CNY")


def test_every_error_of_the_toolkit_can_be_caught_as_one():
    kinds = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, Exception)]
    assert len(kinds) == 7
    assert all(issubclass(kind, EcsImagesError) for kind in kinds)


def test_the_tree_is_the_one_drawn_in_the_docstring():
    """The drawing at the head of the module names every error below its parent."""
    assert issubclass(InputError, ValueError)
    assert UnknownName.__bases__ == (InputError,)
    assert FileProblems.__bases__ == (InputError,)
    assert issubclass(PriceNotFound, LookupError)
    for name in ("InputError", "UnknownName", "FileProblems", "CloudError", "PriceNotFound", "MixedCurrencies"):
        assert name in (errors.__doc__ or "")


def test_an_unknown_name_comes_with_the_nearest_known_ones():
    error = UnknownName("region", "cn-bejing", ["us-east-1", "cn-beijing", "cn-hangzhou"], "see regions()")
    assert (error.kind, error.name, error.nearest[0]) == ("region", "cn-bejing", "cn-beijing")
    assert str(error).startswith("unknown region 'cn-bejing'; did you mean cn-beijing")
    assert str(error).endswith("see regions()")


def test_an_unknown_name_unlike_anything_stands_alone():
    many = [f"cn-region-{number}" for number in range(13)]
    assert str(UnknownName("region", "xyzzy", many)) == "unknown region 'xyzzy'"


def test_an_unknown_name_among_few_is_told_all_of_them():
    assert str(UnknownName("site", "xyzzy", ["china", "international"])) == (
        "unknown site 'xyzzy'; known: china, international"
    )


def test_the_nearest_names_do_not_depend_on_capitals_and_are_best_first():
    assert nearest("UBUNTU_22", ["ubuntu_22_04", "Ubuntu_22", "aliyun_3"]) == ("Ubuntu_22", "ubuntu_22_04")
    assert len(nearest("aaaa", ["aaab", "aaac", "aaad", "aaae"], count=2)) == 2


def test_the_problems_of_a_file_are_listed_by_line():
    error = FileProblems("own.csv", [Problem(7, "late"), Problem(0, "whole"), Problem(2, "early")])
    assert [problem.line for problem in error.problems] == [0, 2, 7]
    assert str(error) == "own.csv: 3 problems; nothing was loaded\n  whole\n  line 2: early\n  line 7: late"


def test_a_single_problem_is_counted_in_the_singular():
    assert str(FileProblems("own.csv", [Problem(2, "bad")])).startswith("own.csv: 1 problem; nothing was loaded")


def test_a_refusal_carries_the_services_code_status_and_ids():
    """Ground rule 3: the service's own code, the HTTP status, the ids as attributes."""
    error = CloudError(
        "ImageUseShared", "m-1 is shared", operation="DeleteImage", http_status=403, ids={"image": "m-1"}
    )
    assert (error.code, error.operation, error.http_status) == ("ImageUseShared", "DeleteImage", 403)
    assert (error.ids, error.reason) == ({"image": "m-1"}, "m-1 is shared")
    assert str(error) == "ImageUseShared: m-1 is shared"


def test_a_missing_price_names_meter_item_region_date_and_currency():
    """Ground rule 8: a missing price names what is missing, and what to do."""
    error = PriceNotFound([MISSING])
    assert error.missing == (MISSING,)
    assert "no CNY price for os_licence of Windows Server in cn-hongkong on 2026-01-15" in str(error)
    assert "--prices FILE" in str(error)


def test_several_missing_prices_are_told_together():
    storage = ("snapshot_standard", "", "us-east-1", "2016-01-01", "CNY")
    text = str(PriceNotFound([MISSING, storage], "note"))
    assert "Windows Server in cn-hongkong" in text
    assert "no CNY price for snapshot_standard in us-east-1 on 2016-01-01; note" in text


def test_a_total_over_two_currencies_names_both():
    """Ground rule 10: nothing converts between the books."""
    error = MixedCurrencies(["USD", "CNY"])
    assert error.currencies == ("CNY", "USD")
    assert "CNY and USD" in str(error)
    assert "group by billing_currency" in str(error)


@pytest.mark.parametrize("kind", [InputError, UnknownName, FileProblems])
def test_a_value_that_cannot_be_used_is_a_value_error_too(kind):
    assert issubclass(kind, ValueError)
