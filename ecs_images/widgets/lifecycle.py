"""The lifecycle explorer: what an account may do to an image at each moment of its life.

The answers are not looked up: every command is tried in its own copy of the cloud as it was at that moment.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

import pandas as pd

from ..catalog.regions import regions
from ..charts.lifecycle import life_picture
from ..cloud.account import Account
from ..cloud.cloud import Cloud
from ..errors import CloudError, EcsImagesError, InputError, UnknownName, shown
from ..ledger.resources import Image
from ..units import parse_time, show_time
from . import pages
from .panel import Panel, dropdown

PARTS = ("summary", "picture", "commands")
_REMEMBERED = 128
_STRANGER = "someone-else"
_NO_EFFECT = "changes nothing"


def _elsewhere(image: Image) -> str:
    """A region in which the image is not."""
    return next(name for name in regions() if name != image.region)


COMMANDS: dict[str, Callable[[Account, Image, str], object]] = {
    "launch an instance": lambda by, image, other: by.run_instance(region=image.region, image=image.id),
    "share with another account": lambda by, image, other: by.share_image(image.id, with_accounts=[other]),
    # Where it is shared with nobody, unsharing it from any account shows how the service answers.
    "stop sharing": lambda by, image, other: by.unshare_image(
        image.id, from_accounts=sorted(image.shared_with)[:1] or [other]
    ),
    "copy to another region": lambda by, image, other: by.copy_image(image.id, to=_elsewhere(image)),
    "cancel the copy under way": lambda by, image, other: by.cancel_copy_image(image.id),
    "export to files": lambda by, image, other: by.export_image(image.id),
    "set Deprecated": lambda by, image, other: by.modify_image(image.id, status="Deprecated"),
    "set Available": lambda by, image, other: by.modify_image(image.id, status="Available"),
    "publish as a community image": lambda by, image, other: by.publish_image(image.id),
    "make private again": lambda by, image, other: by.unpublish_image(image.id),
    "delete": lambda by, image, other: by.delete_image(image.id),
    "delete with force": lambda by, image, other: by.delete_image(image.id, force=True),
    "delete the snapshot behind it": lambda by, image, other: by.delete_snapshot(image.system_snapshot, force=True),
}
"""The commands that are tried, by their names for people; each takes an account, an image, and an account to share
it with."""


class ImageLife:
    """The life of the images of a cloud up to now, and what was allowed at each moment of it."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud.fork()
        self._lives = self.cloud.lifecycle()
        self._tried = lru_cache(maxsize=_REMEMBERED)(self._try_all)
        self._lived = lru_cache(maxsize=_REMEMBERED)(self._live_until)

    def __repr__(self) -> str:
        return f"<ImageLife: {pages.counted(len(self.images()), 'image')}>"

    def images(self) -> dict[str, str]:
        """The id of every image that an account owns or owned, by its name for people."""
        images = self.cloud.state.images.values()
        return {pages.called(image.name, image.id): image.id for image in images if image.account in self.accounts()}

    def accounts(self) -> list[str]:
        """The accounts to choose from."""
        return list(self.cloud.state.accounts)

    def moments(self, image: str) -> list[str]:
        """The moments of all events since the image was made, and the present; oldest first."""
        born = self.cloud.image(image).created_at
        at = {event.at for event in self.cloud.ledger if event.at >= born} | {self.cloud.now}
        return [show_time(moment) for moment in sorted(at)]

    def table(self, image: str, account: str, moment: str) -> pd.DataFrame:
        """How the service answers each command.

        image: id of the image
        account: the account that gives the commands
        moment: when, after everything that happened at that moment

        Returns a frame with the columns `x_command`, `x_allowed`, `x_code` (the error code of a refusal) and
        `x_note` (why it is refused, or that an allowed command changes nothing). Raises InputError for a moment
        before the image existed.
        """
        return self._tried(image, account, moment)

    def summary(self, image: str, account: str, moment: str) -> list[str]:
        """The state of the image at that moment, and what is allowed, as sentences."""
        then, table = self._at(image, moment).image(image), self.table(image, account, moment)
        allowed = table.loc[table["x_allowed"] & (table["x_note"] != _NO_EFFECT), "x_command"].astype(str).tolist()
        refused = int((~table["x_allowed"]).sum())
        sharers = f", shared with {pages.listed(sorted(then.shared_with))}" if then.shared_with else ""
        public = ", open to everyone as a community image" if then.is_public else ""
        who = "its owner" if account == then.account else f"not its owner ({then.account})"
        may = f"may: {pages.listed(allowed, len(allowed))}" if allowed else "may do nothing that changes this image"
        return [
            f"On {moment} {pages.called(then.name, image)} is {then.status}{sharers}{public}. {account} is {who}.",
            f"{account} {may}.",
            f"{refused} of {len(table)} commands are refused; the table says why.",
        ]

    def picture(self, image: str, moment: str) -> str:
        """The life of the image and the snapshots behind it up to now, with the moment marked, as HTML."""
        shown = {image, *self.cloud.image(image).snapshots}
        lives = self._lives[self._lives["resource_id"].isin(shown)]
        if not (lives["x_form"] == "span").any():
            return pages.sentence("No time has passed since the image was made, so there is no timeline to draw.")
        text = f"The timeline of {image} and the snapshots behind it, up to {show_time(self.cloud.now)}."
        return life_picture(lives, parse_time(moment, "moment"), text)

    def render(self, image: str | None, account: str | None, moment: str | None) -> dict[str, str]:
        """Everything that is shown, as HTML by part; where there is no answer, a sentence says why."""
        if not image or not account or not moment:
            return {"summary": pages.sentence("No account of this cloud has an image; make one with create_image.")}
        try:
            return {
                "summary": pages.sentences(self.summary(image, account, moment)),
                "picture": self.picture(image, moment),
                "commands": _commands_page(self.table(image, account, moment), account, moment),
            }
        except EcsImagesError as error:
            return {"summary": pages.sentence(f"{error}.")}

    def _at(self, image: str, moment: str) -> Cloud:
        """The cloud after everything that happened at that moment, and nothing later."""
        cloud = self._lived(parse_time(moment, "moment"))
        if image not in cloud.state.images:
            born = show_time(self.cloud.image(image).created_at)
            raise InputError(f"{image} did not exist yet on {moment}; choose a moment from {born} on")
        return cloud

    def _live_until(self, when: datetime) -> Cloud:
        ledger = self.cloud.ledger
        cloud = Cloud.from_ledger(ledger[: sum(event.at <= when for event in ledger)])
        # Work that was due later is not done by moving the clock: the ledger records when it was done.
        cloud.at(max(cloud.now, when))
        return cloud

    def _try_all(self, image: str, account: str, moment: str) -> pd.DataFrame:
        then, rows = self._at(image, moment), []
        for name, command in COMMANDS.items():
            trial = then.fork()
            by, tried = trial.account(account), trial.image(image)
            free = [name for name in trial.state.accounts if name != tried.account and name not in tried.shared_with]
            other, before = trial.account(free[0] if free else _STRANGER).name, len(trial.ledger)
            allowed, code, note = True, "", ""
            try:
                command(by, tried, other)
                note = "" if len(trial.ledger) > before else _NO_EFFECT
            except CloudError as error:
                allowed, code, note = False, error.code, error.reason
            except InputError as error:
                allowed, note = False, str(error)
            rows.append((name, allowed, code, note))
        return pd.DataFrame(rows, columns=["x_command", "x_allowed", "x_code", "x_note"])


def _commands_page(table: pd.DataFrame, account: str, moment: str) -> str:
    rows = [
        [row["x_command"], "allowed" if row["x_allowed"] else "refused", row["x_code"], row["x_note"]]
        for row in table.to_dict("records")
    ]
    heads = ["command", "answer", "code", "why, or what it does"]
    return pages.table(f"What {account} may do to it on {moment}, each tried on its own", heads, rows)


def lifecycle_explorer(cloud: Cloud, image: str | None = None) -> Panel:
    """An explorer of an image's life: what an account may do to it at each moment, and why not more.

    The controls are image, moment and account.

    cloud: the cloud as it is now; it is not changed
    image: id of the image that is chosen at first; the oldest unless given

    Returns a panel with the parts in `PARTS`. Raises InputError for an unknown image.
    """
    model = ImageLife(cloud)
    images = model.images()
    if image is not None and image not in images.values():
        raise UnknownName("image of an account", image if isinstance(image, str) else shown(image), images.values())
    first = image or next(iter(images.values()), None)
    return _LifecyclePanel(model, list(images.items()), first)


class _LifecyclePanel(Panel):
    """The panel, with moments that follow the image."""

    def __init__(self, model: ImageLife, images: list[tuple[str, str]], first: str | None) -> None:
        self._model = model
        owner = model.cloud.image(first).account if first else None
        moments = model.moments(first) if first else []
        controls = {
            "image": dropdown("Image", images, first),
            "moment": dropdown("Moment", moments, moments[-1] if moments else None),
            "account": dropdown("Who asks", model.accounts(), owner),
        }
        super().__init__("lifecycle explorer", controls, PARTS, self._pages)

    def _changed(self, change: Any) -> None:
        with self.together():
            if change["owner"] is self.controls["image"]:
                moments = self._model.moments(self.controls["image"].value)
                self.controls["moment"].options = moments
                self.controls["moment"].value = moments[-1]

    def _pages(self, values: Mapping[str, Any]) -> Mapping[str, str]:
        return self._model.render(values["image"], values["account"], values["moment"])
