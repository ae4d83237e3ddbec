"""Commands that let others use an image: share, unshare, publish, unpublish.

Only its owner does so, and only within the region of the image (SHARE-1); elsewhere means copy,
then share the copy. Sharing stores nothing and costs neither side anything: the owner keeps paying
the snapshots, and whoever launches pays what the lineage charges (SHARE-8, COMM-2).
"""

from __future__ import annotations

from collections.abc import Sequence

from ..catalog.limits import limit
from ..errors import InputError, did_you_mean, shown
from ..ledger import events as ev
from ..ledger.resources import Image
from .arguments import AccountRefs, ImageRef
from .control import Control
from .request import Caller, Request, command

_OPERATION = "ModifyImageSharePermission"


class ShareCommands(Caller):
    """Commands that let others use an image."""

    __slots__ = ()

    @command
    def share_image(self, image: ImageRef, *, with_accounts: AccountRefs) -> str | None:
        """Let other accounts use an image in its region (SHARE-1).

        Returns a sentence that names accounts which the service ignores, None where there are none.

        image: its id
        with_accounts: their names; those beyond the tenth are ignored (SHARE-2)

        >>> acme.share_image(golden, with_accounts=[cloud.account("partner")])
        >>> sorted(cloud.image(golden).shared_with)
        ['partner']
        """
        request = self._request(_OPERATION)
        own = request.own_image(image)
        receivers, ignored = _that_count(request.control, with_accounts)
        if own.is_public:
            raise request.refusal_of(own, "Image.Public", "is a community image; it cannot be shared")
        _check_available(request, own)  # SHARE-10
        # Encrypted images are shared under a key of the owner's only (SHARE-6).
        if own.encrypted and own.kms_key is None:
            raise request.refusal_of(
                own,
                "OperationDeined.EncryptedSnapshot",
                "is encrypted with the service's key; copy it with a key of your own first",
            )
        # What an older rule forbade of one receiver, it refused of the whole call: its doubt is that of all (UNK-18).
        newer = [request.newer_rule("share_encrypted_image", own)] if own.encrypted else []
        for receiver in receivers:
            newer += _checked_receiver(request, own, receiver)
        # At most fifty accounts an image (SHARE-2). No source refuses who has it already, so nothing happens then.
        new = [receiver for receiver in receivers if receiver not in own.shared_with]
        most = limit("accounts_per_shared_image", request.now)
        if len(own.shared_with) + len(new) > most:
            raise request.refusal_of(
                own,
                "QuotaExceed.ShareImageUser",
                f"is shared with {len(own.shared_with)} accounts; {len(new)} more are over the {most} allowed",
            )
        request.control.record(
            *(
                ev.ImageShared(at=request.now, image=own.id, account=receiver, assumed=request.doubts(*newer))
                for receiver in new
            )
        )
        return ignored

    @command
    def unshare_image(self, image: ImageRef, *, from_accounts: AccountRefs) -> str | None:
        """Stop sharing: nothing new starts from the image there; what runs, runs on (SHARE-9).

        Returns a sentence that names accounts which the service ignores, None where there are none.

        image: its id
        from_accounts: the names of those who lose it; those beyond the tenth are ignored (SHARE-2)
        """
        request = self._request(_OPERATION)
        own = request.own_image(image)
        leaving, ignored = _that_count(request.control, from_accounts)
        for name in leaving:
            if name not in own.shared_with:
                _check_known(request, own, name)
        request.control.record(
            *(
                ev.ImageUnshared(at=request.now, image=own.id, account=name)
                for name in leaving
                if name in own.shared_with
            )
        )
        return ignored

    @command
    def publish_image(self, image: ImageRef) -> None:
        """Open an image to every account of its region, as a community image (COMM-1).

        image: its id
        """
        request = self._request(_OPERATION)
        own = request.own_image(image)
        if own.is_public:
            raise request.refusal_of(own, "Image.Public", "is public already")
        _check_available(request, own)
        if own.encrypted:
            raise request.refusal_of(
                own, "OperationDeined.EncryptedSnapshot", "is encrypted; a community image cannot be"
            )
        request.control.record(ev.ImagePublished(at=request.now, image=own.id))

    @command
    def unpublish_image(self, image: ImageRef) -> None:
        """Make a community image an ordinary custom image again (COMM-1).

        image: its id
        """
        request = self._request(_OPERATION)
        own = request.own_image(image)
        if not own.is_public:
            raise request.refusal_of(own, "Image.NotPublic", "is not public")
        request.control.record(ev.ImageUnpublished(at=request.now, image=own.id))


def _that_count(control: Control, accounts: Sequence[str]) -> tuple[list[str], str | None]:
    """The accounts of a call that count, once each, and a sentence about those that are ignored.

    The service counts places in the list, so a name that stands twice takes two of the ten (SHARE-2).
    """
    if not accounts:
        raise InputError("give a list with at least one account")
    most = limit("accounts_per_share_call", control.now)
    counted = dict.fromkeys(accounts[:most])
    ignored = ", ".join(name for name in dict.fromkeys(accounts[most:]) if name not in counted)
    note = f"ignored, since a call names at most {most} accounts (SHARE-2): {ignored}" if ignored else None
    return list(counted), note


def _check_available(request: Request, image: Image) -> None:
    if image.status != "Available":
        raise request.refusal_of(
            image,
            "OperationDenied.InvalidImageStatus",
            f"is {image.status}; it must be Available to be shared or public",
        )


def _check_known(request: Request, image: Image, account: str) -> None:
    """An account to share an image with, or to take it from, is one that there is."""
    accounts = request.state.accounts
    if account not in accounts:
        message = f"no account {shown(account)}{did_you_mean(account, accounts)}"
        raise request.refusal("InvalidAccount.NotFound", message, image=image.id)


def _checked_receiver(request: Request, image: Image, receiver: str) -> list[str]:
    """The newer rules by which an image may be shared with an account; refused where it may not."""
    if receiver == request.account:
        raise request.refusal("InvalidAccount.Forbbiden", "an image cannot be shared with its owner", image=image.id)
    _check_known(request, image, receiver)
    site = request.state.accounts[receiver].site
    newer = []
    if site != request.state.accounts[request.account].site:
        newer.append(request.newer_rule("share_between_sites", image))
        if image.lineage.product_code:
            raise request.refusal_of(
                image,
                "InvalidImageId.BidMismatch",
                f"comes from the marketplace and cannot cross to the {site} site (SHARE-5)",
            )
    # SHARE-3
    most = limit("images_shared_to_one_account", request.now)
    held = len(request.state.index.images.of("receiver", receiver))
    if held >= most and receiver not in image.shared_with:
        raise request.refusal(
            "QuotaExceed.ShareImage", f"{receiver} already receives {held} images, the most allowed", image=image.id
        )
    return newer
