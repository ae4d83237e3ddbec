"""Random stories and random chains for Hypothesis, and price books a head can reckon with.

A story is a list of short commands with numbers in them; `play` lets them happen to a `Cloud`,
each number choosing among what exists by then, so that most commands mean something. What the
cloud refuses is caught and counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

import ecs_images as ecs
from ecs_images.catalog.price_files import PriceRow
from ecs_images.ledger.chains import Chain
from ecs_images.units import BILLING_CLOCK

settings.register_profile(
    "laws",
    derandomize=True,
    deadline=None,
    database=None,
    max_examples=25,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("laws")

REGIONS = ("cn-beijing", "cn-hongkong", "us-west-1")
PRODUCT, FOREIGN_PRODUCT = "cmjj027560", "sgcmjj00024846"
TYPES = ("ecs.g6.large", "ecs.g6.3xlarge")
SITES = ("china", "china", "international")
NAMES = ("acme", "partner", "globex")

# Prices -------------------------------------------------------------------------------------------

_PREPAID = tuple(f"per_{what}_{term}" for what in ("vcpu", "instance") for term in ("week", "month", "year"))
_PREPAID += ("per_activation",)


def price(
    meter: str,
    region: str,
    amount: float,
    *,
    unit: str,
    to: str = "",
    since: str = "2017-01-01",
    until: str | None = None,
    tier: tuple[float, float] = (0, float("inf")),
    counts: str = "",
    item: str = "",
    currency: str = "CNY",
    layer: int = 0,
) -> PriceRow:
    """One row of a toy price book."""
    return PriceRow(
        meter=meter,
        item=item,
        region_id=region,
        to_region_id=to,
        from_quantity=tier[0],
        to_quantity=tier[1],
        quantity_unit=counts,
        billing_method="subscription" if unit.startswith(_PREPAID) and "gib" not in unit else "pay_as_you_go",
        unit=unit,
        currency=currency,
        price=amount,
        valid_from=date.fromisoformat(since),
        valid_until=date.fromisoformat(until) if until else None,
        source="toy",
        source_date="2026-01-01",
        confidence="example",
        status="example",
        layer=layer,
    )


def storage(region: str, amount: float, **more: object) -> PriceRow:
    return price("snapshot_standard", region, amount, unit="per_gib_hour", counts="GiB", **more)


def licence(amount: float, **more: object) -> PriceRow:
    fields = {"unit": "per_vcpu_hour", "counts": "vCPU", "item": "Red Hat Enterprise Linux", **more}
    return price("os_licence", "all_regions", amount, **fields)


def traffic(region: str, to: str, amount: float, **more: object) -> PriceRow:
    return price("snapshot_copy_traffic", region, amount, unit="per_gib", counts="GiB", to=to, **more)


def image_traffic(amount: float, **more: object) -> PriceRow:
    return price("image_copy_traffic", "all_regions", amount, unit="per_gib", counts="GiB", to="all_regions", **more)


def replication(amount: float, **more: object) -> PriceRow:
    fields = {"unit": "per_gb", "counts": "GiB", "to": "all_regions", **more}
    return price("oss_cross_region_replication", "all_regions", amount, **fields)


def files(region: str, amount: float, **more: object) -> PriceRow:
    return price("oss_standard_lrs_storage", region, amount, unit="per_gib_hour", counts="GiB", **more)


def disk(region: str, amount: float, **more: object) -> PriceRow:
    return price("disk", region, amount, item="cloud_essd_pl0", counts="GiB", **more)


def machine(instance_type: str, amount: float, **more: object) -> PriceRow:
    return price("instance", "all_regions", amount, unit="per_instance_hour", item=instance_type, **more)


def toy_prices() -> ecs.Prices:
    """Small tiers, changes of price within the stories, a gap filled by a wider scope, a layer.

    Prices of both currencies differ, so that a mix-up would show.
    """
    rows = []
    for currency, times in (("CNY", 1.0), ("USD", 3.0)):
        in_it = {"currency": currency}
        rows += [
            # Beijing: the first 30 GiB at 1, to 100 at 0.5, above at 0.25; from 3 February 2 for all.
            storage("cn-beijing", 1 * times, tier=(0, 30), **in_it),
            storage("cn-beijing", 0.5 * times, tier=(30, 100), **in_it),
            storage("cn-beijing", 0.25 * times, tier=(100, float("inf")), **in_it),
            storage("cn-beijing", 2 * times, since="2026-02-03", **in_it),
            # Hong Kong: 5 GiB free; a layer of one's own for a wider scope goes before it from 2 February.
            storage("cn-hongkong", 0, tier=(0, 5), **in_it),
            storage("cn-hongkong", 4 * times, tier=(5, float("inf")), **in_it),
            storage("hongkong", 8 * times, since="2026-02-02", layer=1, **in_it),
            # Silicon Valley: its own price for a day, else that of all regions, which is per month.
            storage("us-west-1", 16 * times, since="2026-02-01", until="2026-02-02", **in_it),
            price(
                "snapshot_standard", "all_regions", 72 * times, unit="per_gib_month", counts="GiB", **in_it
            ),
            # Traffic: a price to each region, to Hong Kong a lower one from 2 February; more from Beijing to
            # Silicon Valley; from Hong Kong one to anywhere from 1 February; a layer back to the mainland.
            traffic("all_regions", "cn-beijing", 1 * times, **in_it),
            traffic("all_regions", "cn-hongkong", 4 * times, **in_it),
            traffic("all_regions", "cn-hongkong", 2 * times, since="2026-02-02", **in_it),
            traffic("all_regions", "us-west-1", 8 * times, **in_it),
            traffic("cn-beijing", "us-west-1", 32 * times, **in_it),
            traffic("cn-hongkong", "all_regions", 16 * times, since="2026-02-01", **in_it),
            traffic("us-west-1", "mainland_china", 64 * times, since="2026-02-02", layer=1, **in_it),
            # A copied image is sent for nothing until 2 February; files have tiers in Beijing, and one price elsewhere.
            image_traffic(0, **in_it),
            image_traffic(3 * times, since="2026-02-02", **in_it),
            replication(6 * times, **in_it),
            files("all_regions", 0.125 * times, **in_it),
            files("cn-beijing", 1 * times, tier=(0, 10), **in_it),
            files("cn-beijing", 0.5 * times, tier=(10, float("inf")), **in_it),
            licence(0.5 * times, tier=(1, 9), **in_it),
            licence(0.25 * times, tier=(9, float("inf")), **in_it),
            # Disks by the GiB, two types of machine by the hour; from 2 February Beijing has its own.
            disk("all_regions", 0.0625 * times, unit="per_gib_hour", **in_it),
            disk("cn-beijing", 90 * times, unit="per_gib_month", since="2026-02-02", **in_it),
            *(machine(name, n * times, **in_it) for n, name in enumerate(TYPES, 3)),
            licence(0.75 * times, tier=(1, 9), since="2026-02-02", **in_it),
            licence(0.125 * times, tier=(9, float("inf")), since="2026-02-02", **in_it),
            # A licence is prepaid by the month and the year, and from 2 February the month costs less for many vCPUs.
            licence(40 * times, tier=(1, 9), unit="per_vcpu_month", **in_it),
            licence(30 * times, tier=(9, float("inf")), unit="per_vcpu_month", **in_it),
            licence(20 * times, tier=(9, float("inf")), unit="per_vcpu_month", since="2026-02-02", **in_it),
            licence(400 * times, unit="per_instance_year", counts="", **in_it),
        ]  # fmt: skip
    fee = {"unit": "per_instance_hour"}
    rows += [
        price("marketplace_fee", "all_regions", 3, item=PRODUCT, **fee),
        price("marketplace_fee", "all_regions", 5, item=FOREIGN_PRODUCT, currency="USD", **fee),
        price("marketplace_fee", "all_regions", 7, item=FOREIGN_PRODUCT, currency="USD", since="2026-02-02", **fee),
    ]
    for of in ({"item": PRODUCT, "currency": "CNY"}, {"item": FOREIGN_PRODUCT, "currency": "USD"}):
        for unit, amount in (("per_instance_month", 50), ("per_instance_year", 500), ("per_activation", 900)):
            rows.append(price("marketplace_fee", "all_regions", amount, unit=unit, **of))
    return ecs.Prices(rows)


# Stories ------------------------------------------------------------------------------------------

VERBS = (
    "run", "run", "write", "write", "overwrite", "overwrite", "snapshot", "snapshot", "snapshot",
    "copy_snapshot", "copy_snapshot", "copy_of_change", "copy_of_change", "image", "image", "image_of_snapshots",
    "import", "copy", "copy", "cancel_copy", "export", "export", "export", "replicate",
    "replicate", "import_files",
    "delete_files", "share", "share", "unshare", "unshare", "delete_image", "delete_snapshot",
    "delete_snapshot", "reinit", "rollback", "replace", "stop", "start", "release", "deprecate",
    "create_disk", "attach", "detach", "release_disk", "keep_disk", "retain", "retain", "keep_longer",
    "policy", "apply", "cancel_policy", "delete_policy", "tag", "quota", "days",
    "minutes", "minutes", "minutes", "hours", "hours", "full_hour", "wait",
    "renew", "buy", "refund",
)  # fmt: skip

Command = tuple[str, int, int, int]


@dataclass(frozen=True)
class Story:
    """Where and how it starts, and the commands."""

    start: str
    durations: str
    commands: tuple[Command, ...]


STARTS = ("2026-01-31T21:17", "2026-02-01T22:59:30", "2020-07-07T20:40")
_NUMBER = st.integers(0, 59)


def stories(
    max_size: int = 30, durations: Sequence[str] = ("instant", "typical"), starts: Sequence[str] = STARTS
) -> st.SearchStrategy[Story]:
    """Stories of up to `max_size` commands, after two instances, a snapshot and an image."""
    return st.builds(Story, st.sampled_from(starts), st.sampled_from(durations), commands(max_size))


def commands(max_size: int) -> st.SearchStrategy[tuple[Command, ...]]:
    """Up to that many commands."""
    command = st.tuples(st.sampled_from(VERBS), _NUMBER, _NUMBER, _NUMBER)
    return st.lists(command, min_size=max_size // 3, max_size=max_size).map(tuple)


@dataclass
class Played:
    """A cloud to which a story happened."""

    cloud: ecs.Cloud
    names: tuple[str, ...]
    done: int = 0
    refused: list[str] = field(default_factory=list)
    changed_by_refusal: list[str] = field(default_factory=list)
    until: datetime = field(init=False)
    """A full hour some hours after the last command; the clock is moved there where something acts before it."""

    def account(self, number: int) -> ecs.Account:
        return self.cloud.account(self.names[number % len(self.names)])


def play(story: Story, names: tuple[str, ...] = NAMES, sites: tuple[str, ...] = SITES) -> Played:
    """Let a story happen to a new cloud whose chains have blocks of 1 GiB."""
    cloud = ecs.Cloud(start=story.start, durations=story.durations, block_size_mib=1024)
    played = Played(cloud, names)
    for name, site in zip(names, sites, strict=True):
        cloud.account(name, site=site)
    opening = ("run", 0, 3, 0), ("run", 2, 1, 6), ("snapshot", 1, 0, 0), ("minutes", 25, 0, 0), ("image", 0, 0, 0)
    go_on(played, (*opening, *story.commands))
    return played


def go_on(played: Played, commands: Sequence[Command]) -> None:
    """Let more commands happen to a cloud."""
    for command in _with_preparation(commands):
        before = fingerprint(played.cloud)
        try:
            _do(played, *command)
        except (ecs.CloudError, ecs.InputError) as error:
            played.refused.append(f"{command}: {error}")
            if fingerprint(played.cloud) != before:
                played.changed_by_refusal.append(f"{command}: {error}")
        else:
            played.done += 1
    cloud = played.cloud
    played.until = cloud.now.replace(minute=0, second=0) + timedelta(hours=5)
    if cloud.next_act is not None and cloud.next_act < played.until:
        cloud.at(played.until)


def _with_preparation(commands: Sequence[Command]) -> Iterator[Command]:
    """What some commands need before them.

    A system disk is replaced, and any disk re-initialised or rolled back to a snapshot, while the
    instance is stopped. A change is copied when a system disk was written over and its new snapshot is finished.
    """
    for verb, i, j, k in commands:
        if verb == "rollback":
            yield from (("snapshot", i, j, 0), ("minutes", 59, 0, 0))
        if verb in ("reinit", "replace", "rollback"):
            yield "stop", i, j, 0
        if verb == "copy_of_change":
            yield from (("overwrite", i % 2, 0, k), ("snapshot", i % 2, 0, 0), ("minutes", 20 + j % 40, 0, 0))
            yield "copy_snapshot", 0, i // 2 % 2 + 2, 0
        else:
            yield verb, i, j, k


def fingerprint(cloud: ecs.Cloud) -> tuple[object, ...]:
    """Everything that a cloud is, to compare."""
    return cloud.now, len(cloud.ledger), tables(cloud.state)


def tables(state: object) -> dict[str, object]:
    """Every table of a state as plain values; a chain by its runs, live snapshots, and what the next would store."""
    found = {
        name: getattr(state, name)
        for name in ("block_bytes", "durations", "accounts", "instances", "disks", "snapshots", "images",
                     "files", "policies", "purchases", "tags", "expiring", "copies",
                     "chain_snapshots", "replacements", "pending", "last_numbers")
    }  # fmt: skip
    copied = {name: dict(value) if isinstance(value, Mapping) else value for name, value in found.items()}
    copied["chain_snapshots"] = {chain: tuple(members) for chain, members in copied["chain_snapshots"].items()}
    copied["assume"], copied["copied_to"] = dict(state.assume), dict(state.copied_to)
    copied["chains"] = {name: chain_values(chain) for name, chain in state.chains.items()}
    return copied


def chain_values(chain: object) -> tuple[object, ...]:
    runs = chain.runs()
    columns = runs.first, runs.last, runs.skipped_texts(), runs.blocks
    table = sorted(zip(*(column.tolist() for column in columns), strict=True))
    if isinstance(chain, Chain):
        content = chain.written_blocks, chain.unstored_blocks()
    else:
        content = chain.newest_original, chain.unstored_blocks(chain.newest_original)
    return chain.block_bytes, chain.taken, tuple(chain.live), tuple(table), chain.total_blocks(), content


# The driver ---------------------------------------------------------------------------------------


def _do(played: Played, verb: str, i: int, j: int, k: int) -> None:
    cloud = played.cloud
    match verb:
        case "minutes":
            cloud.advance(hours=(i + 1) / 60)
        case "hours":
            cloud.advance(hours=i % 30 + 1)
        case "full_hour":
            cloud.at(cloud.now.replace(minute=0, second=0) + timedelta(hours=1))
        case "days":
            cloud.advance(days=i % 3 + 1)
        case "run":
            _run(played, i, j, k)
        case "quota":
            cloud.account(played.names[i % len(played.names)], quotas={"images": 100 + j})
        case "buy":
            billing = ("once", "pay_as_you_go")[j % 2]
            product = (PRODUCT, FOREIGN_PRODUCT)[i % 3 == 2 or k == 59]
            days = {"refund_days": 1 + k % 3} if k % 2 else {}
            played.account(i).buy_product(product, region=REGIONS[j // 2 % 3], billing=billing, **days)
        case "refund":
            bought = _pick(cloud.state.purchases, i, "purchase")
            _actor(played, bought.account, k).refund_product(bought.id)
        case "import":
            played.account(i).import_image(region=REGIONS[j % 3], file=k / 4, data_files=[{"file": 2.5, "size": 20}])
        case _ if verb in _ON_IMAGES:
            _on_image(played, verb, i, j, k)
        case "copy_snapshot":
            _copy_snapshot(played, i, j, k)
        case "replicate" | "import_files" | "delete_files":
            _on_files(played, verb, i, j, k)
        case "create_disk" | "attach" | "detach" | "release_disk" | "keep_disk":
            _on_own_disk(played, verb, i, j, k)
        case "policy" | "apply" | "cancel_policy" | "delete_policy":
            _on_policy(played, verb, i, j, k)
        case "keep_longer":
            kept = {name: s for name, s in cloud.state.snapshots.items() if s.retention_days} if j % 4 else {}
            snapshot = _pick(kept or cloud.state.snapshots, i, "snapshot")
            _actor(played, snapshot.account, k).modify_snapshot(snapshot.id, retention_days=j % 5 + 1)
        case "tag":
            state = cloud.state
            table = (state.instances, state.disks, state.snapshots, state.images, state.policies)[j % 5]
            resource = _pick(table, i, "resource")
            _actor(played, resource.account, k).tag_resource(resource.id, tags={"team": "abc"[j % 3]})
        case "image_of_snapshots" | "delete_snapshot":
            _on_snapshot(played, verb, i, j)
        case _:
            _on_instance(played, verb, i, j, k)


def _on_files(played: Played, verb: str, i: int, j: int, k: int) -> None:
    there = _pick(played.cloud.state.files, i, "file")
    account = _actor(played, there.account, k)
    match verb:
        case "replicate":
            account.replicate_files(there.id, to=REGIONS[j % 3])
        case "import_files":
            account.import_image(region=there.region if j % 4 else REGIONS[0], file=there.id)
        case "delete_files":
            account.delete_files(there.id)


_ON_IMAGES = ("export", "copy", "cancel_copy", "share", "unshare", "delete_image", "deprecate", "wait")


def _pick(table: dict[str, object], number: int, what: str) -> object:
    """One of those that exist, the newest first; refused as the cloud would when there is none."""
    alive = [
        thing for thing in table.values() if not getattr(thing, "deleted_at", None) and not _released(thing)
    ]  # fmt: skip
    if not alive:
        raise ecs.InputError(f"there is no {what}")
    return alive[-1 - number % len(alive)]


def _released(thing: object) -> bool:
    return getattr(thing, "released_at", None) is not None


def _actor(played: Played, owner: str, number: int) -> ecs.Account:
    """The owner, and now and then somebody else, whom the cloud refuses."""
    return played.account(number) if number >= 57 else played.cloud.account(owner)


def _image_to_start(played: Played, account: str, region: str, number: int) -> str:
    state = played.cloud.state
    own = [m.id for m in state.images.values() if m.region == region and not m.deleted_at]
    linux = "aliyun_3" if played.cloud.now.year >= 2026 else "aliyun_2"
    product = PRODUCT if state.accounts[account].site == "china" else FOREIGN_PRODUCT
    choices = [linux, "rhel_9", product, *own]
    return choices[number % len(choices)]


def _written(image: str, number: int) -> float | None:
    """What is written on a disk started from a public image; an image of one's own says itself."""
    return None if image.startswith("m-") else number % 12 + 1


def _run(played: Played, i: int, j: int, k: int) -> None:
    account, region = played.account(i), REGIONS[j % 3]
    image = _image_to_start(played, account.name, region, k)
    account.run_instance(
        region=region, image=image, system_disk=60, written=_written(image, i + k),
        instance_type=TYPES[j // 3 % 2],
        data_disks=[{"size": 20, "written": k % 8}] if j % 2 else [],
        **({"billing": "subscription", "period": ("month", "year")[i % 2], "periods": j % 4 + 1} if k % 4 == 1 else {}),
    )  # fmt: skip


def _on_instance(played: Played, verb: str, i: int, j: int, k: int) -> None:
    cloud = played.cloud
    instances = cloud.state.instances
    if verb == "renew":
        instances = {name: own for name, own in instances.items() if own.billing == "subscription"} or instances
    instance = _pick(instances, i, "instance")
    account = _actor(played, instance.account, k)
    disk = instance.disks[j % len(instance.disks)]
    written = cloud.state.chains["sl-" + disk].written_blocks
    match verb:
        case "write":
            account.write(disk, new=k % 7 + 0.5)
        case "overwrite":
            start = j % max(written, 1)
            account.write(disk, overwrite=max(k % (written - start + 1) - 0.5, 0.5), offset=start, new=i % 2)
        case "snapshot":
            account.create_snapshot(disk)
        case "retain":
            account.create_snapshot(disk, retention_days=i % 2 + 1)
        case "rollback":
            own = {name: s for name, s in cloud.state.snapshots.items() if s.disk == disk} if k < 57 else {}
            account.rollback_disk(disk, _pick(own or cloud.state.snapshots, k, "snapshot").id)
        case "image":
            account.create_image(instance.id, image_ignore_data_disks=k % 5 == 0, family="golden" if k % 2 else "")
        case "stop":
            account.stop_instance(instance.id, mode="economical" if j % 3 else "standard")
        case "start":
            account.start_instance(instance.id)
        case "renew":
            account.renew_instance(instance.id, periods=j % 3 + 1)
        case "release":
            account.release_instance(instance.id, force=k % 3 > 0)
        case "reinit":
            account.reinit_disk(disk)
        case "replace":
            image = _image_to_start(played, instance.account, instance.region, k)
            account.replace_system_disk(instance.id, image, written=_written(image, j))


def _on_own_disk(played: Played, verb: str, i: int, j: int, k: int) -> None:
    cloud = played.cloud
    state = cloud.state
    if verb == "create_disk":
        if j % 2:
            played.account(i).create_disk(region=REGIONS[k % 3], size=20 + j, written=k % 8)
        else:
            snapshot = _pick(state.snapshots, i, "snapshot")
            _actor(played, snapshot.account, k).create_disk(region=snapshot.region, snapshot=snapshot.id)
        return
    own = {name: disk for name, disk in state.disks.items() if disk.kind == "data"} if j < 57 else state.disks
    free = verb in ("attach", "release_disk")
    fitting = {name: disk for name, disk in own.items() if (disk.instance is None) == free and not disk.released_at}
    disk = _pick(fitting or own, i, "disk")
    account = _actor(played, disk.account, k)
    match verb:
        case "attach":
            there = (disk.account, disk.region)
            near = {name: one for name, one in state.instances.items() if (one.account, one.region) == there}
            account.attach_disk(disk.id, _pick(near, j, "instance").id, delete_with_instance=k % 2 == 0)
        case "detach":
            account.detach_disk(disk.id)
        case "release_disk":
            account.release_disk(disk.id)
        case "keep_disk":
            account.modify_disk(disk.id, delete_auto_snapshots=k % 2 == 0)


def _on_policy(played: Played, verb: str, i: int, j: int, k: int) -> None:
    """At any hour of any day, so that the few hours of a story see slots."""
    state = played.cloud.state
    if verb == "policy":
        disk = _pick(state.disks, j, "disk")
        hours, days = list(range(i % 3, 24, i % 3 + 1)), list(range(1, 8))
        _actor(played, disk.account, k).create_auto_snapshot_policy(
            region=disk.region, time_points=hours, repeat_weekdays=days, retention_days=(-1, 1, 2)[j % 3],
            disks=[disk.id],
        )  # fmt: skip
        return
    policy = _pick(state.policies, i, "policy")
    account = _actor(played, policy.account, k)
    match verb:
        case "apply":
            there = (policy.account, policy.region)
            near = {name: disk for name, disk in state.disks.items() if (disk.account, disk.region) == there}
            account.apply_auto_snapshot_policy(policy.id, disks=[_pick(near, j, "disk").id])
        case "cancel_policy":
            account.cancel_auto_snapshot_policy(disks=list(policy.disks[:1]), policy=policy.id)
        case "delete_policy":
            account.delete_auto_snapshot_policy(policy.id)


def _on_snapshot(played: Played, verb: str, i: int, j: int) -> None:
    state = played.cloud.state
    snapshots = {name: s for name, s in state.snapshots.items() if verb == "delete_snapshot" or s.kind == "system"}
    if j < 40:
        pinned = {s for image in state.images.values() if not image.deleted_at for s in image.snapshots}
        snapshots = {name: s for name, s in snapshots.items() if name not in pinned or s.deleted_at}
    snapshot = _pick(snapshots, i, "snapshot")
    account = _actor(played, snapshot.account, j)
    if verb == "delete_snapshot":
        account.delete_snapshot(snapshot.id, force=j % 2 == 0)
        return
    others = [s for s in state.snapshots.values() if (s.kind, s.account) == ("data", snapshot.account)]
    account.create_image(snapshots=[snapshot.id, *(s.id for s in others[: j % 2])])


def _copy_snapshot(played: Played, i: int, j: int, k: int) -> None:
    """One that is finished, copies among them; now and then any, which the cloud may refuse."""
    snapshots = played.cloud.state.snapshots
    finished = {name: s for name, s in snapshots.items() if s.status == "accomplished" and not s.deleted_at}
    snapshot = _pick((j % 8 and finished) or snapshots, i, "snapshot")
    elsewhere = [name for name in REGIONS if name != snapshot.region or j == 59]
    _actor(played, snapshot.account, k).copy_snapshot(snapshot.id, to=elsewhere[j % 2])


def _on_image(played: Played, verb: str, i: int, j: int, k: int) -> None:
    images = played.cloud.state.images
    if verb == "cancel_copy":
        under_way = {name: image for name, image in images.items() if image.made_from == "copy" and image.id in
                     played.cloud.state.pending}  # fmt: skip
        images = under_way or images
    if verb == "unshare":
        images = {name: image for name, image in images.items() if image.shared_with} or images
    image = _pick(images, i, "image")
    account = _actor(played, image.account, k)
    others = [name for name in played.names if name != image.account or j >= 57]
    other = ([*sorted(image.shared_with)] * (verb == "unshare") or others)[j % 2 - 1]
    match verb:
        case "export":
            account.export_image(image.id)
        case "copy" if j % 4 == 3:
            # The sharee's way: an encrypted copy within the region (COPY-3).
            who = played.cloud.account([image.account, *sorted(image.shared_with)][-1])
            who.copy_image(image.id, to=image.region, name=f"copy-{j}", encrypted=True)
        case "copy":
            account.copy_image(image.id, to=REGIONS[j % 3], name=f"copy-{j}")
        case "cancel_copy":
            account.cancel_copy_image(image.id)
        case "share":
            account.share_image(image.id, with_accounts=[other])
        case "unshare":
            account.unshare_image(image.id, from_accounts=[other])
        case "delete_image":
            account.delete_image(image.id, force=j % 2 == 0)
        case "deprecate":
            account.modify_image(image.id, status="Deprecated" if image.status == "Available" else "Available")
        case "wait":
            played.cloud.wait(image.id)


# Chains -------------------------------------------------------------------------------------------


def chain_steps(max_size: int = 40) -> st.SearchStrategy[list[tuple[str, int, int]]]:
    """What can happen to one disk: writes, overwrites, snapshots, deletions, re-initialisations."""
    kinds = ("append", "overwrite", "overwrite", "snapshot", "snapshot", "snapshot", "delete", "reset")
    return st.lists(st.tuples(st.sampled_from(kinds), st.integers(0, 11), st.integers(0, 11)), max_size=max_size)


def local(year: int, month: int, day: int, hour: int = 0) -> datetime:
    """A moment of the billing clock."""
    return datetime(year, month, day, hour, tzinfo=BILLING_CLOCK)
