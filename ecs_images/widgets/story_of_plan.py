"""A story file that plays a plan: the commands of its ways, noted down while they are given in a new cloud."""

from __future__ import annotations

import inspect
from datetime import datetime
from functools import wraps
from typing import Any

import yaml

from ..catalog.meters import METERS
from ..cloud.account import Account
from ..cloud.cloud import Cloud
from ..decisions.played import play
from ..decisions.question import Question
from ..decisions.ways import Delivery
from ..ledger.resources import Image
from ..stories.steps import COMMANDS
from ..units import BYTES_PER_GIB, BYTES_PER_MIB


def story_of(question: Question, whole: list[Delivery]) -> str:
    """The text of a story in which an image is made, renewed, and brought to all targets of a plan.

    question: the image, how it lives on, and the cloud, of which only settings and accounts are taken over
    whole: the deliveries of the plan

    The bill of the story is that of the plan with the image itself and its builder at home. Raises CloudError for a
    plan that is refused as a whole.
    """
    situation, updates = question.situation, question.updates
    there, start = situation.cloud.state, situation.cloud.now
    block_mib = there.block_bytes / BYTES_PER_MIB
    cloud = _Noting(start, durations=there.durations, block_size_mib=block_mib, assume=there.assume)
    for name, account in there.accounts.items():
        cloud.account(name, account.site, quotas=dict(account.quotas))
    found = situation.cloud.image(situation.image)
    play(cloud, _made(cloud, question, found), updates, whole)
    accounts = {name: {"site": one.site, **_quotas(one)} for name, one in there.accounts.items()}
    builds = any(delivery.way.begin for delivery in whole)
    asked = [name for name, meter in METERS.items() if meter.on_request and name not in question.left_out]
    head = {
        "title": f"{found.name or found.id} brought to {len(whole)} places",
        "note": "The image is made anew; its builder at home is billed too. Bill it by the same prices.",
        "start": _time(start),
        "until": _time(updates.end(start)),
        "durations": there.durations,
        "block_size_mib": block_mib,
        "assume": dict(there.assume),
        "meters": asked if builds else [],
        "accounts": accounts,
    }
    told = {key: value for key, value in head.items() if value not in ({}, [])}
    return yaml.safe_dump(
        told | {"steps": cloud.steps}, sort_keys=False, allow_unicode=True, default_flow_style=None, width=120
    )


def _made(cloud: Cloud, question: Question, image: Image) -> str:
    """The image made anew, as large as it is supposed to be."""
    owner, system = cloud.account(image.account), question.sizes.first / BYTES_PER_GIB
    if image.lineage.origin == "import":
        made = owner.import_image(region=image.region, file=system)
    else:
        snapshots = [question.situation.cloud.snapshot(snapshot) for snapshot in image.data_snapshots]
        disks = [{"size": one.size_gib, "written": one.content_bytes / BYTES_PER_GIB} for one in snapshots]
        builder = owner.run_instance(
            region=image.region,
            image=image.lineage.origin,
            system_disk=image.size_gib,
            written=system,
            data_disks=disks,
        )
        made = owner.create_image(builder)
        cloud.wait(made)
        owner.release_instance(builder, force=True)
    cloud.wait(made)
    if image.is_public:
        owner.publish_image(made)
    return made


class _Noting(Cloud):
    """A cloud whose accounts note every command as a step of a story."""

    steps: list[dict[str, Any]]

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.steps, self.names, self._told = [], dict[str, str](), self.now

    def account(self, *given: Any, **named: Any) -> Account:
        noted: Account = _Noted(self._control, super().account(*given, **named).name)
        object.__setattr__(noted, "cloud", self)
        return noted

    def note(self, at: datetime, account: str, command: str, arguments: dict[str, Any], made: str | None) -> None:
        """Add a step; what it makes is called by its kind and a number from then on."""
        told = {name: self._named(value) for name, value in arguments.items() if value is not None and value != []}
        kind = COMMANDS[command].makes
        if kind and made:
            self.names[made] = f"{kind}_{len(self.names) + 1}"
        step: dict[str, Any] = {} if at == self._told else {"at": _time(at)}
        self._told = at
        called = {"as": self.names[made]} if made in self.names and kind else {}
        self.steps.append(step | {command: {**called, "account": account, **told}})

    def _named(self, value: Any) -> Any:
        """An argument as a story writes it."""
        if isinstance(value, list | tuple):
            return [self._named(one) for one in value]
        if isinstance(value, dict):
            return {key: self._named(one) for key, one in value.items()}
        if isinstance(value, Account):
            return value.name
        if not isinstance(value, str) or value in self.names or value not in self.state.snapshots:
            return self.names.get(value, value) if isinstance(value, str) else value
        behind = next(image for image in self.state.images.values() if value in image.snapshots)
        number = behind.snapshots.index(value)
        return f"{self.names[behind.id]}.{'system_snapshot' if number == 0 else f'data_snapshot_{number}'}"


def _noting(name: str) -> Any:
    method = getattr(Account, name)
    signature = inspect.signature(method)

    @wraps(method)
    def noted(self: Any, *given: Any, **named: Any) -> Any:
        at = self.cloud.now
        made = method(self, *given, **named)
        arguments = dict(signature.bind(self, *given, **named).arguments)
        del arguments["self"]
        self.cloud.note(at, self.name, name, arguments, made)
        return made

    return noted


_Noted = type("_Noted", (Account,), {name: _noting(name) for name in COMMANDS})
"""An account that tells its cloud of every command that was not refused."""


def _quotas(account: Any) -> dict[str, Any]:
    return {"quotas": dict(account.quotas)} if account.quotas else {}


def _time(moment: datetime) -> str:
    return moment.isoformat()
