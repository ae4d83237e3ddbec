"""Commands that let others use an image: share, unshare, publish, unpublish.

Only its owner does so, and only within the region of the image (SHARE-1); elsewhere means copy,
then share the copy. Sharing stores nothing and costs neither side anything: the owner keeps paying
the snapshots, and whoever launches pays what the lineage charges (SHARE-8, COMM-2).
"""

from __future__ import annotations

from collections.abc import Sequence

from ..catalog.limits import limit
from ..errors import InputError
from . import events as ev
from .control import Control
from .resources import Image

_OPERATION = "ModifyImageSharePermission"


def share_image(control: Control, account: str, image_id: str, with_accounts: Sequence[str]) -> None:
    image = control.own_image(account, image_id, _OPERATION)
    receivers = _first_ten(control, with_accounts)
    if image.is_public:
        raise control.refusal(
            _OPERATION, "Image.Public", f"{image.id} is a community image; it cannot be shared", image=image.id
        )
    _check_available(control, image)  # SHARE-10
    # Encrypted images are shared under a key of the owner's only (SHARE-6).
    if image.encrypted and image.kms_key is None:
        raise control.refusal(
            _OPERATION, "OperationDeined.EncryptedSnapshot",
            f"{image.id} is encrypted with the service's key; copy it with a key of your own first", image=image.id,
        )  # fmt: skip
    for receiver in receivers:
        _check_receiver(control, account, image, receiver)
    # At most fifty accounts an image (SHARE-2).
    new = [receiver for receiver in receivers if receiver not in image.shared_with]
    most = limit("accounts_per_shared_image", control.now)
    if len(image.shared_with) + len(new) > most:
        raise control.refusal(
            _OPERATION, "QuotaExceed.ShareImageUser",
            f"{image.id} is shared with {len(image.shared_with)} accounts; at most {most} are allowed", image=image.id,
        )  # fmt: skip
    control.record(*(ev.ImageShared(control.now, image.id, receiver) for receiver in new))


def unshare_image(control: Control, account: str, image_id: str, from_accounts: Sequence[str]) -> None:
    image = control.own_image(account, image_id, _OPERATION)
    leaving = [name for name in _first_ten(control, from_accounts) if name in image.shared_with]
    control.record(*(ev.ImageUnshared(control.now, image.id, name) for name in leaving))


def publish_image(control: Control, account: str, image_id: str) -> None:
    image = control.own_image(account, image_id, _OPERATION)
    if image.is_public:
        raise control.refusal(_OPERATION, "Image.Public", f"{image.id} is public already", image=image.id)
    _check_available(control, image)
    if image.encrypted:
        raise control.refusal(
            _OPERATION, "OperationDeined.EncryptedSnapshot",
            f"{image.id} is encrypted; a community image cannot be", image=image.id,
        )  # fmt: skip
    control.record(ev.ImagePublished(control.now, image.id))


def unpublish_image(control: Control, account: str, image_id: str) -> None:
    image = control.own_image(account, image_id, _OPERATION)
    if not image.is_public:
        raise control.refusal(_OPERATION, "Image.NotPublic", f"{image.id} is not public", image=image.id)
    control.record(ev.ImageUnpublished(control.now, image.id))


def _first_ten(control: Control, accounts: Sequence[str]) -> list[str]:
    """The accounts of a call, once each; those beyond the tenth are ignored (SHARE-2)."""
    if isinstance(accounts, str) or not accounts:
        raise InputError(f"give a list of account names, not {accounts!r}")
    return list(dict.fromkeys(list(accounts)[: limit("accounts_per_share_call", control.now)]))


def _check_available(control: Control, image: Image) -> None:
    if image.status != "Available":
        raise control.refusal(
            _OPERATION, "OperationDenied.InvalidImageStatus",
            f"{image.id} is {image.status}; only an Available image can be shared", image=image.id,
        )  # fmt: skip


def _check_receiver(control: Control, account: str, image: Image, receiver: str) -> None:
    if receiver == account:
        raise control.refusal(
            _OPERATION, "InvalidAccount.Forbbiden", "an image cannot be shared with its owner", image=image.id
        )
    known = control.state.accounts.get(receiver)
    if known is None:
        raise control.refusal(
            _OPERATION, "InvalidAccount.NotFound",
            f"no account {receiver!r}{control.instead(str(receiver), list(control.state.accounts))}", image=image.id,
        )  # fmt: skip
    if image.lineage.product_code and known.site != control.state.accounts[account].site:
        raise control.refusal(
            _OPERATION, "InvalidImageId.BidMismatch",
            f"{image.id} comes from the marketplace and cannot cross to the {known.site} site (SHARE-5)",
            image=image.id,
        )  # fmt: skip
    # SHARE-3
    most = limit("images_shared_to_one_account", control.now)
    held = sum(receiver in i.shared_with and not i.deleted_at for i in control.state.images.values())
    if held >= most and receiver not in image.shared_with:
        raise control.refusal(
            _OPERATION, "QuotaExceed.ShareImage", f"{receiver} already receives {held} images, the most allowed",
            image=image.id,
        )  # fmt: skip
