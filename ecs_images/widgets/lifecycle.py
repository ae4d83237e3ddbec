"""The lifecycle explorer: what an account may do to an image after each event of its life.

The answers are not looked up: every command is tried in its own copy of the cloud as it was at that moment.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import ipywidgets as ipw
import pandas as pd

from ..catalog.regions import regions
from ..catalog.rule_book import rules_behind
from ..charts.lifecycle import life_picture
from ..cloud.account import Account
from ..cloud.cloud import Cloud
from ..errors import CloudError, InputError, UnknownName, shown
from ..ledger.resources import Image
from ..units import parse_time, show_time
from . import pages
from .panel import LABELS, WIDE, Panel, dropdown

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
_TOUCHING = {"shared": "with", "unshared": "from", "copied": "to"}


class ImageLife:
    """The life of the images of a cloud up to now, and what was allowed at each moment of it."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud.fork()
        self._lives = self.cloud.lifecycle()
        self._tried = lru_cache(maxsize=_REMEMBERED)(self._try_all)
        self._rows = lru_cache(maxsize=_REMEMBERED)(self._rows_of)
        self._lived = lru_cache(maxsize=_REMEMBERED)(self.cloud.as_of)

    def __repr__(self) -> str:
        return f"<ImageLife: {pages.counted(len(self.images()), 'image')}>"

    def images(self) -> dict[str, str]:
        """The id of every image an account owns or owned, by its name for people; living ones first, newest first."""
        state = self.cloud.state
        owned = [image for image in state.images.values() if image.account in state.accounts]
        owned.sort(key=lambda image: image.created_at, reverse=True)
        owned.sort(key=lambda image: image.deleted_at is not None)
        return {
            f"{pages.called(image.name, image.id)} · {image.region}{' · deleted' if image.deleted_at else ''}": image.id
            for image in owned
        }

    def accounts(self) -> list[str]:
        """The accounts to choose from."""
        return list(self.cloud.state.accounts)

    def moments(self, image: str) -> list[str]:
        """The moments of events of the image and of the snapshots behind it, and the present; oldest first."""
        rows, born = self._rows(image), self.cloud.image(image).created_at
        at = {born, *rows["x_start"], *rows.loc[~rows["x_goes_on"], "x_end"], self.cloud.now}
        return [show_time(moment) for moment in sorted(when for when in at if when >= born)]

    def happened(self, image: str, moment: str) -> list[str]:
        """What was done to the image at that moment, such as `shared with partner`."""
        when = parse_time(moment, "moment")
        words = [
            (row["x_status"], _TOUCHING.get(row["x_status"], ""), row["x_detail"])
            for row in self._rows(image).to_dict("records")
            if row["resource_id"] == image and row["x_form"] == "mark" and row["x_start"] == when
        ]
        made = ["made"] if moment == show_time(self.cloud.image(image).created_at) else []
        return [*made, *(" ".join(filter(None, parts)) for parts in words)]

    def table(self, image: str, account: str, moment: str) -> pd.DataFrame:
        """How the service answers each command.

        image: id of the image
        account: the account that gives the commands
        moment: when, after everything that happened at that moment

        Returns a frame with the columns `x_command`, `x_allowed`, `x_code` (the error code of a refusal), `x_note`
        (why it is refused and what to do, or that an allowed command changes nothing) and `x_rules` (ids of the rules
        that a refusal may follow from, with spaces between). Raises InputError for a moment
        before the image existed.
        """
        return self._tried(image, account, moment)

    def summary(self, image: str, account: str, moment: str) -> list[str]:
        """What is allowed at that moment, and the state of the image, as sentences."""
        then, table = self._at(image, moment).image(image), self.table(image, account, moment)
        answers = table.to_dict("records")
        allowed = [str(row["x_command"]) for row in answers if row["x_allowed"] and row["x_note"] != _NO_EFFECT]
        refused = sum(not row["x_allowed"] for row in answers)
        who = "its owner" if account == then.account else f"not its owner ({then.account})"
        may = f"may {pages.listed(allowed, len(allowed))}" if allowed else "may do nothing that changes it"
        sharers = f", shared with {pages.listed(sorted(then.shared_with))}" if then.shared_with else ""
        public = ", open to everyone as a community image" if then.is_public else ""
        done = self.happened(image, moment)
        event = f"; then it was {pages.listed(done)}" if done else ""
        return [
            f"On {moment} {pages.called(then.name, image)} is {then.status}: {account} {may}.",
            f"{account} is {who}. The image is in {then.region}{sharers}{public}{event}.",
            f"{refused} of {len(table)} commands are refused; the table says why and what to do.",
        ]

    def picture(self, image: str, moment: str) -> str:
        """The life of the image and the snapshots behind it up to now, with the moment marked, as HTML."""
        lives = self._rows(image)
        if not (lives["x_form"] == "span").any():
            return pages.sentence("No time has passed since the image was made, so there is no timeline to draw.")
        text = f"The timeline of {image} and the snapshots behind it, up to {show_time(self.cloud.now)}."
        return life_picture(lives, parse_time(moment, "moment"), text)

    def render(self, image: str | None, account: str | None, moment: str | None) -> dict[str, str]:
        """Everything that is shown, as HTML by part; where there is no answer, a sentence says why."""
        if not image or not account or not moment:
            return {"summary": pages.sentence("No account of this cloud has an image; make one with create_image.")}
        return {
            "summary": pages.sentences(self.summary(image, account, moment)),
            "picture": self.picture(image, moment),
            "commands": _commands_page(self.table(image, account, moment), account, moment),
        }

    def _rows_of(self, image: str) -> pd.DataFrame:
        """The lives of the image and of the snapshots behind it."""
        return self._lives[self._lives["resource_id"].isin({image, *self.cloud.image(image).snapshots})]

    def _at(self, image: str, moment: str) -> Cloud:
        """The cloud after everything that happened at that moment, and nothing later."""
        cloud = self._lived(parse_time(moment, "moment"))
        if image not in cloud.state.images:
            born = show_time(self.cloud.image(image).created_at)
            raise InputError(f"{image} did not exist yet on {moment}; choose a moment from {born} on")
        return cloud

    def _try_all(self, image: str, account: str, moment: str) -> pd.DataFrame:
        then, rows = self._at(image, moment), []
        for name, command in COMMANDS.items():
            trial = then.fork()
            by, tried = trial.account(account), trial.image(image)
            free = [name for name in trial.state.accounts if name != tried.account and name not in tried.shared_with]
            other, before = trial.account(free[0] if free else _STRANGER).name, len(trial.ledger)
            allowed, code, note, rule = True, "", "", ""
            try:
                command(by, tried, other)
                note = "" if len(trial.ledger) > before else _NO_EFFECT
            except CloudError as error:
                allowed, code, note = False, error.code, error.reason
                rule = rules_behind(error.operation, error.code)
            except InputError as error:
                allowed, note = False, str(error)
            rows.append((name, allowed, code, note, rule))
        return pd.DataFrame(rows, columns=["x_command", "x_allowed", "x_code", "x_note", "x_rules"])


def _commands_page(table: pd.DataFrame, account: str, moment: str) -> str:
    """The answers, with commands that get the same one in a row."""
    commands: dict[tuple[str, ...], list[str]] = {}
    for row in table.to_dict("records"):
        answer = "✓ allowed" if row["x_allowed"] else "✕ refused"
        same = commands.setdefault((answer, row["x_code"], row["x_note"], row["x_rules"]), [])
        same.append(row["x_command"])
    rows = [[answer, ", ".join(names), *why] for (answer, *why), names in commands.items()]
    heads = ["answer", "command", "code", "why, and what to do", "rule"]
    caption = f"What {account} may do to it on {moment}, each tried on its own"
    return pages.table(caption, heads, sorted(rows, reverse=True, key=lambda row: row[0] == "✓ allowed"))


def lifecycle_explorer(cloud: Cloud, image: str | None = None) -> Panel:
    """An explorer of an image's life: what an account may do to it at each moment, and why not more.

    The controls are image, moment (a slider over the events of its life) and account.

    cloud: the cloud as it is now; it is not changed
    image: id of the image that is chosen at first; the newest that is not deleted unless given

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
            "moment": ipw.SelectionSlider(
                description="Moment", options=moments, value=moments[-1], style=LABELS, layout={"width": WIDE}
            )
            if moments
            else dropdown("Moment", []),
            "account": dropdown("Who asks", model.accounts(), owner),
        }
        for control in controls.values():
            control.style.description_width = "6em"  # The slider shows its moment beside it, which takes room.
        super().__init__("lifecycle explorer", controls, PARTS, self._pages)

    def _changed(self, change: Any) -> None:
        with self.together():
            if change["owner"] is self.controls["image"]:
                moments = self._model.moments(self.controls["image"].value)
                self.controls["moment"].options = moments
                self.controls["moment"].value = moments[-1]

    def _pages(self, values: Mapping[str, Any]) -> Mapping[str, str]:
        return self._model.render(values["image"], values["account"], values["moment"])
