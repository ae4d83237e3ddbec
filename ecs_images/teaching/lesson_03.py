"""The tasks of lesson 03: what may I do to an image, and when?"""

from __future__ import annotations

from collections.abc import Callable

from ..cloud.account import Account
from ..errors import CloudError
from .scene import machine
from .task import Slip, Task


def _minutes_to_available(written: float) -> float:
    """How long the first image of a system disk of 40 GiB takes [minutes], by what is written [GiB]."""
    cloud, acme, web = machine("2026-03-02T09:00", written, durations="typical")
    cloud.wait(acme.create_image(web))
    return (cloud.now - cloud.instance(web).launched_at).total_seconds() / 60


def _refusal_when_deprecated(command: Callable[[Account, str], None]) -> str:
    """The error code with which a command on a deprecated image is refused."""
    cloud, acme, web = machine("2026-03-02")
    cloud.account("partner")
    image = acme.create_image(web)
    acme.modify_image(image, status="Deprecated")
    try:
        command(acme, image)
    except CloudError as refused:
        return refused.code
    raise AssertionError("a deprecated image allowed what the lesson says it refuses")


def _copy(acme: Account, image: str) -> None:
    acme.copy_image(image, to="cn-hangzhou")


def _share(acme: Account, image: str) -> None:
    acme.share_image(image, with_accounts=["partner"])


def _deprecate(acme: Account, image: str) -> None:
    acme.modify_image(image, status="Deprecated")


def _stored_after_change_of_system(old: float, new: float, *, keep_old: bool = True) -> float:
    """What an image from before and one from after a change of system store [GiB], by what is written [GiB]."""
    cloud, acme, web = machine("2026-03-02", old)
    first = cloud.image(acme.create_image(web)).snapshots
    acme.stop_instance(web)
    acme.replace_system_disk(web, "ubuntu_22_04", written=new)
    second = cloud.image(acme.create_image(web)).snapshots
    return cloud.freed_gib([*first, *second] if keep_old else second)


TASKS: dict[str, Task] = {
    "03-small": Task(
        wanted="how long the first image of an instance takes, with 30 of the 40 GiB of its only disk written",
        unit="minutes",
        right=lambda: _minutes_to_available(30),
        because="The time depends on what the snapshot has to store (CREATE-13).",
        slips=(
            Slip(lambda: _minutes_to_available(40), "That is for a full disk; only what is written is stored."),
            Slip(lambda: 0, "The id comes at once; wait for the image and read the clock."),
            Slip(lambda: _minutes_to_available(12), "That is for the 12 GiB of the lesson."),
        ),
        hint="Start a new cloud with durations typical, make the image, wait for it, and subtract the times.",
    ),
    "03-medium": Task(
        wanted="the code, in quotes, with which copying a deprecated image to another region is refused",
        unit="",
        right=lambda: _refusal_when_deprecated(_copy),
        because="Only an Available image can be copied; set it back first (STATUS-4, COPY-1).",
        slips=(
            Slip(lambda: _refusal_when_deprecated(_share), "That is the code for sharing; copying has its own."),
            Slip(lambda: _refusal_when_deprecated(_deprecate), "That is for deprecating it twice; try to copy it."),
        ),
        hint="Make an image Deprecated, copy it to cn-hangzhou, and read what comes before the colon.",
    ),
    "03-large": Task(
        wanted="what is stored in all by an image of 12 GiB written, and a second one after the same instance "
        "changed to ubuntu_22_04 with 30 GiB written",
        unit="GiB",
        right=lambda: _stored_after_change_of_system(12, 30),
        because="The new system disk has a chain of its own, and the old snapshots stay (OS-4, CHAIN-4).",
        slips=(
            Slip(
                lambda: _stored_after_change_of_system(12, 30, keep_old=False),
                "The new disk has a chain of its own, and the old snapshots stay.",
            ),
            Slip(lambda: _stored_after_change_of_system(12, 12, keep_old=False), "That is the first image alone."),
        ),
        hint="Ask cloud.freed_gib for the snapshots of both images together.",
    ),
}
