"""Tags: commands that set and remove them, and what new resources are created with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..catalog.limits import limit
from ..errors import InputError, did_you_mean, shown
from ..ledger import events as ev
from .arguments import AnyRef, TagKeys, TagMap
from .control import Caller, Control, command

_LINKS = ("http://", "https://")


class TagCommands(Caller):
    """Commands on the tags of any resource: an instance, disk, snapshot, image, policy, or files of an image."""

    __slots__ = ()

    @command
    def tag_resource(self, resource: AnyRef, *, tags: TagMap) -> None:
        """Give a resource tags, or other values to tags that it has.

        resource: its id
        tags: values by key, such as `{team: web}`; a resource has at most 20 tags
        """
        control, operation = self._control, "TagResources"
        own = _own_resource(control, self.name, resource, operation)
        before = dict(control.state.tags.get(own, ()))
        if before | dict(tags) == before:
            raise InputError(f"{own} has these tags already")
        _check_tags(control, tags, operation)
        after = before | dict(tags)
        if too_many := _too_many(control, after):
            raise control.refusal(operation, "OperationDenied.QuotaExceed", too_many, resource=own)
        control.record(_tags_set(control, own, after))

    @command
    def untag_resource(self, resource: AnyRef, *, keys: TagKeys) -> None:
        """Take tags off a resource.

        resource: its id
        keys: the keys of the tags
        """
        control = self._control
        own = _own_resource(control, self.name, resource, "UntagResources")
        before = dict(control.state.tags.get(own, ()))
        if missing := [key for key in keys if key not in before]:
            raise InputError(f"{own} has no tag {shown(missing[0])}{did_you_mean(missing[0], before)}")
        if not keys:
            raise InputError("keys names no tag to take off")
        control.record(_tags_set(control, own, {key: before[key] for key in before if key not in keys}))


def tagged(
    control: Control, resources: Sequence[str], tags: Mapping[str, str] | None, operation: str
) -> list[ev.TagsSet]:
    """The events that give new resources their tags; refused where those break the rules."""
    if tags is None:
        return []
    _check_tags(control, tags, operation)
    if too_many := _too_many(control, tags):
        raise control.refusal(operation, "QuotaExceed.Tags", too_many)
    return [_tags_set(control, resource, tags) for resource in resources]


def _tags_set(control: Control, resource: str, tags: Mapping[str, str]) -> ev.TagsSet:
    return ev.TagsSet(at=control.now, resource=resource, tags=tuple(sorted(tags.items())))


def _check_tags(control: Control, tags: Mapping[str, str], operation: str) -> None:
    """Keys and values have so many characters, and neither begin as the service's own nor hold a link."""
    longest_key, longest_value = limit("tag_key_length_max", control.now), limit("tag_value_length_max", control.now)
    if not tags:
        raise InputError("tags names no tag; leave it out")
    for key, value in tags.items():
        if not 1 <= len(key) <= longest_key or key.lower().startswith(("aliyun", "acs:")) or _holds_link(key):
            raise control.refusal(
                operation,
                "InvalidTagKey.Malformed",
                f"tag key {shown(key)}: 1 to {longest_key} characters, not beginning with aliyun or acs:, no link",
            )
        if len(value) > longest_value or value.lower().startswith("acs:") or _holds_link(value):
            raise control.refusal(
                operation,
                "InvalidTagValue.Malformed",
                f"tag value {shown(value)}: up to {longest_value} characters, not beginning with acs:, no link",
            )


def _holds_link(text: str) -> bool:
    return any(link in text.lower() for link in _LINKS)


def _too_many(control: Control, tags: Mapping[str, str]) -> str:
    """What is wrong with the number of a resource's tags; empty where nothing is."""
    most = limit("tags_per_resource", control.now)
    return f"a resource has at most {most} tags, not {len(tags)}" if len(tags) > most else ""


def _own_resource(control: Control, account: str, resource: str, operation: str) -> str:
    """The id of a resource of the account that is not gone."""
    state = control.state
    tables: tuple[Mapping[str, Any], ...] = (
        state.instances,
        state.disks,
        state.snapshots,
        state.images,
        state.files,
        state.policies,
    )
    mine = [
        name
        for table in tables
        for name, found in table.items()
        if found.account == account
        and not getattr(found, "released_at", None)
        and not getattr(found, "deleted_at", None)
    ]
    if resource not in mine:
        raise control.refusal(
            operation,
            "InvalidResourceId.NotFound",
            f"{resource} is no resource of yours, or is gone{did_you_mean(resource, mine)}",
            resource=resource,
        )
    return resource
