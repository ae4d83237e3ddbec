"""Tags: commands that set and remove them, and what new resources are created with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..catalog.limits import limit
from ..errors import InputError, did_you_mean, shown
from ..ledger import events as ev
from .arguments import AnyRef, TagKeys, TagMap
from .control import Control
from .naming import LINKS, RESERVED
from .request import Caller, Request, command


class TagCommands(Caller):
    """Commands on the tags of any resource: an instance, disk, snapshot, image, policy, or files of an image."""

    __slots__ = ()

    @command
    def tag_resource(self, resource: AnyRef, *, tags: TagMap) -> None:
        """Give a resource tags, or other values to tags that it has.

        resource: its id
        tags: values by key, such as `{team: web}`; a resource has at most 20 tags

        >>> acme.tag_resource(cloud.image(golden).system_snapshot, tags={"team": "web"})
        >>> ecs.bill(cloud, until="2026-02-14").by("tag:team").round(4)
          tag:team billing_currency  list_cost
        0      web              CNY       1.44
        """
        request = self._request("TagResources")
        own = request.own_resource(resource).id
        before = dict(request.state.tags.get(own, ()))
        if before | dict(tags) == before:
            raise InputError(f"{own} has these tags already")
        _check_tags(request, tags)
        after = before | dict(tags)
        if too_many := _too_many(request.control, after):
            raise request.refusal("OperationDenied.QuotaExceed", too_many, resource=own)
        request.control.record(_tags_set(request.control, own, after))

    @command
    def untag_resource(self, resource: AnyRef, *, keys: TagKeys) -> None:
        """Take tags off a resource.

        resource: its id
        keys: the keys of the tags
        """
        request = self._request("UntagResources")
        own = request.own_resource(resource).id
        before = dict(request.state.tags.get(own, ()))
        if missing := [key for key in keys if key not in before]:
            raise InputError(f"{own} has no tag {shown(missing[0])}{did_you_mean(missing[0], before)}")
        if not keys:
            raise InputError("keys names no tag to take off")
        request.control.record(_tags_set(request.control, own, {key: before[key] for key in before if key not in keys}))


def tagged(request: Request, resources: Sequence[str], tags: Mapping[str, str] | None) -> list[ev.TagsSet]:
    """The events that give new resources their tags; refused where those break the rules."""
    if tags is None:
        return []
    _check_tags(request, tags)
    if too_many := _too_many(request.control, tags):
        raise request.refusal("QuotaExceed.Tags", too_many)
    return [_tags_set(request.control, resource, tags) for resource in resources]


def _tags_set(control: Control, resource: str, tags: Mapping[str, str]) -> ev.TagsSet:
    return ev.TagsSet(at=control.now, resource=resource, tags=tuple(sorted(tags.items())))


def _check_tags(request: Request, tags: Mapping[str, str]) -> None:
    """Keys and values have so many characters, and neither begin as the service's own nor hold a link."""
    longest_key, longest_value = limit("tag_key_length_max", request.now), limit("tag_value_length_max", request.now)
    if not tags:
        raise InputError("tags names no tag; leave it out")
    for key, value in tags.items():
        if not 1 <= len(key) <= longest_key or key.lower().startswith(RESERVED) or _holds_link(key):
            raise request.refusal(
                "InvalidTagKey.Malformed",
                f"tag key {shown(key)}: 1 to {longest_key} characters, "
                f"not beginning with {' or '.join(RESERVED)}, no link",
            )
        if len(value) > longest_value or value.lower().startswith("acs:") or _holds_link(value):
            raise request.refusal(
                "InvalidTagValue.Malformed",
                f"tag value {shown(value)}: up to {longest_value} characters, not beginning with acs:, no link",
            )


def _holds_link(text: str) -> bool:
    return any(link in text.lower() for link in LINKS)


def _too_many(control: Control, tags: Mapping[str, str]) -> str:
    """What is wrong with the number of a resource's tags; empty where nothing is."""
    most = limit("tags_per_resource", control.now)
    return f"a resource has at most {most} tags, not {len(tags)}" if len(tags) > most else ""
