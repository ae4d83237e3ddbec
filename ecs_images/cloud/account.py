"""An account: every command a person can give, one method each.

The names of methods and arguments are those of story files too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import InputError
from . import copying, disks, exporting, images, importing, instances, sharing, snapshots
from .control import Control
from .disks import DataDisk


@dataclass(frozen=True, slots=True, repr=False)
class Account:
    """An account and what it may command.

    Resources are named by their ids. What the real service would refuse raises `CloudError`
    with its code, a value that makes no sense `InputError`; neither changes anything.
    """

    _control: Control
    name: str

    def __repr__(self) -> str:
        return f"<Account: {self.name}, {self._control.state.accounts[self.name].site} site>"

    def run_instance(
        self,
        *,
        region: str,
        image: str,
        instance_type: str | None = None,
        system_disk: float | None = None,
        written: float | None = None,
        data_disks: Sequence[DataDisk] = (),
    ) -> str:
        """Launch an instance and pay its fees; gives its id.

        `image` is an id, an image family or a short name; `system_disk` its size and `written`
        what is written on it in all [GiB]; each data disk is a size [GiB] or `{size, written}`.
        """
        return instances.run_instance(
            self._control, self.name, region=region, image=image, instance_type=instance_type,
            system_disk=system_disk, written=written, data_disks=data_disks,
        )  # fmt: skip

    def stop_instance(self, instance: str, *, mode: str = "standard") -> None:
        """Stop a running instance; in `economical` mode its licence fee stops too (IBILL-3)."""
        instances.stop_instance(self._control, self.name, instance, mode)

    def start_instance(self, instance: str) -> None:
        """Start a stopped instance."""
        instances.start_instance(self._control, self.name, instance)

    def release_instance(self, instance: str, *, force: bool = False) -> None:
        """Release a stopped instance, or with `force` a running one; its disks go with it."""
        instances.release_instance(self._control, self.name, instance, force)

    def write(self, disk: str, *, new: float = 0, overwrite: float = 0, offset: float = 0) -> None:
        """Write to a disk (an instance means its system disk).

        `overwrite` GiB are written over what lies from `offset` GiB on, then `new` GiB where
        nothing was written yet. Parts of a block take the whole block.
        """
        disks.write(self._control, self.name, disk, new=new, overwrite=overwrite, offset=offset)

    def reinit_disk(self, disk: str) -> None:
        """Put a disk of a stopped instance back to its image or snapshot, or to empty (REINIT-1)."""
        disks.reinit_disk(self._control, self.name, disk)

    def replace_system_disk(
        self, instance: str, image: str, *, system_disk: float | None = None, written: float | None = None
    ) -> str:
        """Change the operating system of a stopped instance; gives the new disk's id (OS-1)."""
        return instances.replace_system_disk(
            self._control, self.name, instance, image, system_disk=system_disk, written=written
        )

    def create_snapshot(self, disk: str, *, name: str = "") -> str:
        """Take a snapshot of a disk (an instance means its system disk); gives its id."""
        return snapshots.create_snapshot(self._control, self.name, disk, name)

    def copy_snapshot(self, snapshot: str, *, to: str, name: str = "") -> str:
        """Copy a snapshot to another region; the data sent is charged once (SCOPY-3). Gives its id."""
        return snapshots.copy_snapshot(self._control, self.name, snapshot, to=to, name=name)

    def delete_snapshot(self, snapshot: str, *, force: bool = False) -> None:
        """Delete a snapshot; `force` also when disks came from it, never when images did (SDEL-2)."""
        snapshots.delete_snapshot(self._control, self.name, snapshot, force)

    def create_image(
        self,
        instance: str | None = None,
        *,
        snapshots: Sequence[str] | None = None,
        snapshot: str | None = None,
        name: str | None = None,
        family: str = "",
        version: str = "",
    ) -> str:
        """Make an image of an instance, of snapshots (one system, others data), or of one snapshot."""
        return images.create_image(
            self._control, self.name, instance=instance, snapshots=snapshots, snapshot=snapshot,
            name=name, family=family, version=version,
        )  # fmt: skip

    def import_image(
        self,
        *,
        region: str,
        file: float | str,
        system_disk: float | None = None,
        data_files: Sequence[importing.DataFile] = (),
        platform: str = "Linux",
        architecture: str = "x86_64",
        licence_type: str = "Aliyun",
        name: str | None = None,
        family: str = "",
    ) -> str:
        """Make an image of a file of `file` GiB; that size is what is billed (IMP-6).

        Or of the files of an exported image, named by their id, which say all about their disks.
                The system disk has 40 GiB unless said; `data_files` are `{file, size}` [GiB]; `licence_type`
        is Aliyun or BYOL and matters for Windows only (IMP-5).
        """
        return importing.import_image(
            self._control, self.name, region=region, file=file, system_disk=system_disk,
            data_files=data_files, platform=platform, architecture=architecture,
            licence_type=licence_type, name=name, family=family,
        )  # fmt: skip

    def export_image(self, image: str) -> str:
        """Write an image as files to a bucket of its region (EXP-1); gives the id of the files.

        The export itself is free; the files are billed by OSS until they are deleted (EXP-3).
        """
        return exporting.export_image(self._control, self.name, image)

    def replicate_files(self, files: str, *, to: str) -> str:
        """Replicate an image's files to a bucket in another region; gives the id of those there."""
        return exporting.replicate_files(self._control, self.name, files, to=to)

    def delete_files(self, files: str) -> None:
        """Delete an image's files from their bucket; images imported from them stay."""
        exporting.delete_files(self._control, self.name, files)

    def modify_image(
        self,
        image: str,
        *,
        status: str | None = None,
        name: str | None = None,
        family: str | None = None,
        licence_type: str | None = None,
    ) -> None:
        """Set an image Deprecated or Available again, rename it, or move it to another family."""
        images.modify_image(
            self._control, self.name, image, status=status, name=name, family=family,
            licence_type=licence_type,
        )  # fmt: skip

    def delete_image(self, image: str, *, force: bool = False) -> None:
        """Delete an image, with `force` even while instances run from it. Its snapshots stay."""
        images.delete_image(self._control, self.name, image, force)

    def share_image(self, image: str, *, with_accounts: Sequence[str | Account]) -> None:
        """Let other accounts use an image in its region (SHARE-1)."""
        sharing.share_image(self._control, self.name, image, _names(with_accounts))

    def unshare_image(self, image: str, *, from_accounts: Sequence[str | Account]) -> None:
        """Stop sharing: nothing new starts from it there; what runs, runs on (SHARE-9)."""
        sharing.unshare_image(self._control, self.name, image, _names(from_accounts))

    def publish_image(self, image: str) -> None:
        """Open an image to every account of its region, as a community image (COMM-1)."""
        sharing.publish_image(self._control, self.name, image)

    def unpublish_image(self, image: str) -> None:
        """Make a community image an ordinary custom image again."""
        sharing.unpublish_image(self._control, self.name, image)

    def copy_image(
        self,
        image: str,
        *,
        to: str,
        name: str | None = None,
        encrypted: bool = False,
        kms_key: str | None = None,
    ) -> str:
        """Copy an image to another region, or encrypted within its own; gives the copy's id."""
        return copying.copy_image(
            self._control, self.name, image, to=to, name=name, encrypted=encrypted, kms_key=kms_key
        )

    def cancel_copy_image(self, image: str) -> None:
        """Cancel a copy under way; the half-made copy is gone (COPY-5)."""
        copying.cancel_copy_image(self._control, self.name, image)


def _names(accounts: Sequence[str | Account]) -> list[str]:
    if isinstance(accounts, str | Account) or not isinstance(accounts, Sequence):
        raise InputError(f"give a list of accounts, not {accounts!r}")
    return [account.name if isinstance(account, Account) else account for account in accounts]
