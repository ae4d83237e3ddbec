"""The catalogue of misconceptions: what people believe about images, why it is wrong, and by which rule.

The key is the name by which `compare` is told what a misconception would give.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Misconception:
    """A plausible wrong model: what it claims, why that is wrong, and the rules that say so."""

    claim: str
    why: str
    rules: tuple[str, ...]

    def __str__(self) -> str:
        return f'"{self.claim}" But {self.why} ({", ".join(self.rules)}).'


MISCONCEPTIONS: dict[str, Misconception] = {
    # What is stored
    "disk_size": Misconception(
        "An image takes as much room as its disks are large.",
        "a snapshot holds only blocks that were ever written",
        ("SNAP-2",),
    ),
    "system_disk_only": Misconception(
        "An image is the system disk.",
        "an image of an instance holds a snapshot of every disk it has",
        ("STRUCT-1", "CREATE-2"),
    ),
    "every_version_full": Misconception(
        "Every version stores the whole disk again.",
        "later snapshots of a disk hold only what changed since the one before",
        ("SNAP-2", "CHAIN-1"),
    ),
    "frees_its_size": Misconception(
        "Deleting a snapshot frees what it restores.",
        "blocks that another snapshot of the chain needs stay",
        ("CHAIN-2",),
    ),
    "savings_in_proportion": Misconception(
        "A third of the versions needs a third of the room.",
        "what all versions of a disk have in common is stored once, however few of them are kept",
        ("CHAIN-1", "CHAIN-2"),
    ),
    "chain_shared_by_builders": Misconception(
        "What several builders have in common is stored once.",
        "every disk has a chain of its own, whose first snapshot is full",
        ("CHAIN-4",),
    ),
    "copies_stay_incremental": Misconception(
        "A copied image adds only what changed, as at home.",
        "every copy of an image has full snapshots of its own",
        ("COPY-2", "COPY-10"),
    ),
    "same_storage_either_way": Misconception(
        "What arrives in the other region is the same image, so it takes the same room by either way.",
        "copied images are full each time, while copied snapshots stay incremental in a chain of their own",
        ("COPY-2", "SCOPY-2"),
    ),
    "content_compared": Misconception(
        "What is stored already is not stored again.",
        "a chain knows what was written since the snapshot before, not whether the content is an old one",
        ("SNAP-2", "REINIT-1"),
    ),
    "chain_goes_on": Misconception(
        "After a change of the system the old chain goes on.",
        "the new system disk starts a chain of its own, whose first snapshot is full, and the old snapshots stay",
        ("OS-4", "CHAIN-4"),
    ),
    "copy_is_a_link": Misconception(
        "A copy refers to its source and stores nothing.",
        "a copy has full snapshots of its own in its region, and stays when the source goes",
        ("COPY-2", "COPY-10"),
    ),
    # What it costs, and whom
    "image_is_billed": Misconception(
        "An image has a price of its own.", "keeping an image costs its snapshots and nothing besides", ("IBILL-1",)
    ),
    "image_gone_bill_gone": Misconception(
        "When the image is deleted, its bill ends.",
        "the snapshots behind it stay, and are billed until they are deleted themselves",
        ("DEL-5",),
    ),
    "smaller_is_cheaper": Misconception(
        "Copied snapshots store less, so they are the cheaper way.",
        "what is sent is paid as well, and with few versions kept there is little that they could have in common",
        ("SCOPY-2", "SCOPY-3"),
    ),
    "targets_add_up": Misconception(
        "Every account that is to be reached adds what the first one added.",
        "the accounts of a region share one copy",
        ("COPY-11",),
    ),
    "export_is_free": Misconception(
        "An export is free, so only what is imported costs anything.",
        "OSS charges the files for the time they lie there, and for being sent to another region",
        ("EXP-3",),
    ),
    "receiver_pays_storage": Misconception(
        "Whoever uses a shared image pays for keeping it.",
        "sharing stores nothing; the owner alone pays the snapshots",
        ("SHARE-8",),
    ),
    "owner_pays_all": Misconception(
        "Whoever owns an image pays whatever it costs.",
        "the fee of a paid system goes with the lineage and is paid by whoever launches",
        ("IBILL-5",),
    ),
    "licence_while_stored": Misconception(
        "An image of a paid system costs its licence as long as it is kept.",
        "a licence is charged while an instance runs; an image that nobody launches costs its storage only",
        ("IBILL-2", "IBILL-6"),
    ),
    "calendar_month": Misconception(
        "A month costs the price of a month.",
        "hours are billed, at a price month of equal length whatever the calendar says",
        ("BILL-2",),
    ),
    "hours_rounded_up": Misconception(
        "The time that passed is rounded up to whole hours.",
        "every hour of the clock that is touched counts whole, be it by a minute",
        ("BILL-2",),
    ),
    "utc_months": Misconception(
        "A month begins at midnight UTC.", "the billing clock runs in UTC+8, in every region", ("BILL-2",)
    ),
    "free_part_per_disk": Misconception(
        "Every disk has a free part of its own.",
        "tiers count what an account stores in a region, over all its disks",
        ("BILL-1",),
    ),
    "tiers_like_taxes": Misconception(
        "The first vCPUs cost the price of a small instance, and only the rest the lower one.",
        "the number of vCPUs chooses one price, and all of them pay it",
        ("LIC-4",),
    ),
    # What may be done, and when
    "ready_at_once": Misconception(
        "An image that has an id can be used.",
        "the id comes at once, the image when the snapshots of all its disks are done",
        ("STATUS-3",),
    ),
    "shared_everywhere": Misconception(
        "A shared image can be used in every region.",
        "an image works in its own region; elsewhere the owner copies it and shares the copy",
        ("SHARE-1", "TYPE-3"),
    ),
    "deprecated_is_gone": Misconception(
        "A deprecated image is out of use.",
        "it still starts instances; it only leaves its family and can be neither shared nor copied",
        ("STATUS-4", "FAM-1"),
    ),
    "unshare_stops": Misconception(
        "Unsharing an image stops what runs from it.",
        "what runs, runs on; its system disk only cannot be re-initialised any more",
        ("SHARE-9",),
    ),
    "force_deletes_all": Misconception(
        "With force, anything can be deleted.",
        "force helps where instances or disks came from it, never against sharing, nor for a snapshot behind an image",
        ("DEL-2", "DEL-3", "SDEL-2"),
    ),
}
