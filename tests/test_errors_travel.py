"""Errors go to another process and come back as themselves."""

from __future__ import annotations

import importlib
import pickle
import pkgutil
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

import ecs_images
from ecs_images import Cloud, CloudError, FileProblems, InputError, MixedCurrencies, PriceNotFound, UnknownName
from ecs_images.errors import EcsImagesError, Problem

EXAMPLES = [
    EcsImagesError("something is wrong"),
    InputError("a size is a number"),
    UnknownName("region", "cn-bejing", ["cn-beijing", "cn-hangzhou"], "see regions()"),
    FileProblems("own.csv", [Problem(7, "late"), Problem(2, "early")]),
    CloudError("ImageUseShared", "m-1 is shared", operation="DeleteImage", http_status=403, ids={"image": "m-1"}),
    PriceNotFound([("os_licence", "Windows Server", "cn-hongkong", "2026-01-15", "CNY")], "note"),
    MixedCurrencies(["USD", "CNY"]),
]
"""One of every kind of error."""


def kinds(of: type[EcsImagesError] = EcsImagesError) -> Iterator[type[EcsImagesError]]:
    yield of
    for kind in of.__subclasses__():
        yield from kinds(kind)


def assert_travels(error: EcsImagesError, protocol: int = pickle.HIGHEST_PROTOCOL) -> None:
    again = pickle.loads(pickle.dumps(error, protocol))
    assert type(again) is type(error)
    assert (str(again), again.args, vars(again)) == (str(error), error.args, vars(error))


def test_every_kind_of_error_in_any_module_has_an_example_here() -> None:
    """Kinds that only one module knows are made of a sentence alone."""
    for module in pkgutil.walk_packages(ecs_images.__path__, "ecs_images."):
        # The page's server needs the extra `lab`; its errors are those of the command line.
        if not module.name.endswith(("__main__", "serving")):
            importlib.import_module(module.name)
    ours = {kind for kind in kinds() if kind.__module__.startswith("ecs_images")}
    private = {kind for kind in ours if kind.__name__.startswith("_")}
    assert ours - private == {type(example) for example in EXAMPLES}
    for kind in private:
        assert_travels(kind("a sentence"))


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_an_error_that_was_pickled_says_and_knows_the_same(error: EcsImagesError, protocol: int) -> None:
    assert_travels(error, protocol)


def delete_twice_shared(name: str) -> None:
    """Refused: the image is shared."""
    cloud = Cloud(start="2026-01-15")
    acme, partner = cloud.account(name), cloud.account("partner")
    image = acme.create_image(acme.run_instance(region="cn-beijing", image="aliyun_3", written=12))
    acme.share_image(image, with_accounts=[partner])
    acme.delete_image(image)


@pytest.mark.slow
def test_a_refusal_in_a_pool_of_processes_comes_back_as_itself() -> None:
    """Ground rule 3: code, status and ids are there as they were; the pool goes on working."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        refused, unusable = pool.submit(delete_twice_shared, "acme"), pool.submit(delete_twice_shared, "")
        with pytest.raises(CloudError, match="shared with partner") as caught:
            refused.result()
        with pytest.raises(InputError, match="an account needs a name"):
            unusable.result()
    found = caught.value
    assert (found.code, found.operation, found.http_status) == ("ImageUseShared", "DeleteImage", 403)
    assert found.ids == {"image": "m-00000001"}
