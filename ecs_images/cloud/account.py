"""An account: every command that a person can give, by what it is about.

Names of commands and arguments are those of story files too.
"""

from __future__ import annotations

from .copying import CopyCommands
from .disks import DiskCommands
from .files import FileCommands
from .images import ImageCommands
from .instances import InstanceCommands
from .policies import PolicyCommands
from .products import ProductCommands
from .sharing import ShareCommands
from .snapshots import SnapshotCommands
from .tags import TagCommands


class Account(
    InstanceCommands,
    DiskCommands,
    SnapshotCommands,
    PolicyCommands,
    ImageCommands,
    FileCommands,
    ShareCommands,
    CopyCommands,
    TagCommands,
    ProductCommands,
):
    """An account and what it may command.

    Resources are named by their ids, or given as records. What the real service would refuse raises
    `CloudError` with its code, a value that makes no sense `InputError`; neither changes anything.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<Account: {self.name}, {self._control.state.accounts[self.name].site} site>"
