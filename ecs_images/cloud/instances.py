"""Commands on instances: run, stop, start, release, and replace the system disk."""

from __future__ import annotations

from ..catalog.images import marketplace_images, public_images, taken_for_granted
from ..catalog.instance_types import InstanceType
from ..catalog.instance_types import instance_type as type_of
from ..catalog.limits import limit
from ..catalog.regions import region as region_of
from ..catalog.rule_book import taken
from ..errors import CloudError, InputError
from ..ledger import events as ev
from ..ledger.resources import MARKETPLACE, PROVIDER, Billing, Disk, DiskCategory, Image, Instance, StopMode
from ..ledger.terms import Period
from ..units import show_time
from .arguments import (
    DiskCount,
    DiskRef,
    Gib,
    GibAboveZero,
    ImageRef,
    InstanceRef,
    NewDataDisks,
    Periods,
    RegionName,
    TagMap,
    TypeName,
    Vcpus,
)
from .control import Control
from .disks import (
    NewDisk,
    check_disk_count,
    disk_created,
    disk_released,
    extra_data_disks,
    image_data_disks,
    new_system_disk,
)
from .products import purchase_for
from .request import Caller, Request, command
from .tags import tagged

_DEFAULT_TYPES = {"arm64": "ecs.g6r.large", "i386": "ecs.t6-c1m1.large"}
_DEFAULT_TYPE = "ecs.g6.large"


class InstanceCommands(Caller):
    """Commands on instances."""

    __slots__ = ()

    @command
    def run_instance(
        self,
        *,
        region: RegionName,
        image: ImageRef,
        instance_type: TypeName | None = None,
        vcpus: Vcpus | None = None,
        memory: GibAboveZero | None = None,
        system_disk: GibAboveZero | None = None,
        written: Gib | None = None,
        data_disks: NewDataDisks = (),
        system_disk_category: DiskCategory | None = None,
        local_disks: DiskCount = 0,
        tags: TagMap | None = None,
        billing: Billing = "pay_as_you_go",
        period: Period | None = None,
        periods: Periods | None = None,
    ) -> InstanceRef:
        """Launch an instance, which pays the fees of its image (IBILL-5). Returns its id.

        With pay-as-you-go they run by the second from now on; a subscription prepays them (IBILL-1, IBILL-2).

        region: where it runs
        image: an image's id, an image family or a short name
        instance_type: its type, ecs.g6.large or what the architecture needs unless said (ASSUME-2); one that the
            catalogue lacks is read from its name (ASSUME-10)
        vcpus: processors of a type whose name does not tell them; needed only where a fee goes by them [vCPU]
        memory: memory of such a type; needed only for 32-bit images [GiB]
        system_disk: size of its system disk; 40 GiB or that of the image unless said [GiB]
        written: what is written on the system disk in all; what the image holds unless said [GiB]
        data_disks: more disks: for each a size, or `{size, written}`, `{snapshot}` to make it from a snapshot
            of a data disk, and `category` [GiB]
        system_disk_category: category of its system disk; ESSD PL0 is supposed unless said (ASSUME-8)
        local_disks: how many disks of the host it has besides, by its type, which no list tells; no snapshots
            can be taken of them, nor an image of the whole instance (SNAP-5)
        tags: tags of the instance and its disks, values by key
        billing: pay_as_you_go or subscription
        period: of a subscription, what its price is for: week, month or year; month unless said
        periods: of a subscription, for how many periods it is prepaid; 1 unless said

        >>> node = acme.run_instance(region="cn-beijing", image=golden)
        >>> cloud.instance(node)
        <Instance i-00000002: acme, cn-beijing, ecs.g6.large, from m-00000001, Running>
        """
        request = self._request("RunInstances")
        region = request.region(region)
        source = request.usable_image(image, region)
        machine = _machine(request, source, instance_type, vcpus, memory)
        new_disks = [new_system_disk(request, source, system_disk, written, system_disk_category)]
        if billing == "subscription":
            period, periods = period or "month", periods or 1
        elif period is not None or periods is not None:
            raise InputError("period and periods are of a subscription; say billing=subscription too")
        purchase = purchase_for(request, source.lineage, region, billing)
        buys = billing == "pay_as_you_go" and purchase is None
        new_disks += image_data_disks(request.control, source)
        new_disks += extra_data_disks(request, region, data_disks)
        check_disk_count(request, len(new_disks) - 1)
        encrypted = any(disk.encrypted for disk in new_disks)
        assumed = _assumed(request.control, source, instance_type is not None, written, encrypted, buys=buys)
        if _fee_by_size(source) and not machine.listed and vcpus is None:
            assumed += ("ASSUME-10",)

        (instance_id,) = request.control.new_ids("instance", 1)
        disk_ids = request.control.new_ids("disk", len(new_disks))
        request.control.record(
            disk_created(
                request.control, disk_ids[0], request.account, region, instance_id, new_disks[0], source.lineage
            ),
            *(
                disk_created(request.control, disk_id, request.account, region, instance_id, disk)
                for disk_id, disk in zip(disk_ids[1:], new_disks[1:], strict=True)
            ),
            ev.InstanceLaunched(
                at=request.now,
                instance=instance_id,
                account=request.account,
                region=region,
                instance_type=machine.name,
                vcpus=machine.vcpus or 0,
                memory_gib=machine.memory_gib or 0,
                image=source.id,
                lineage=source.lineage,
                system_disk=disk_ids[0],
                data_disks=tuple(disk_ids[1:]),
                billing=billing,
                period=period,
                periods=periods or 0,
                purchase=purchase,
                assumed=assumed,
                local_disks=local_disks,
            ),
            *tagged(request, [instance_id, *disk_ids], tags),
        )
        return instance_id

    @command
    def renew_instance(self, instance: InstanceRef, *, periods: Periods = 1) -> None:
        """Prepay a subscription for longer, and with it the fees of its image; one bought once costs no more (MKT-3).

        instance: its id
        periods: for how many more of its periods, at the prices of the day
        """
        request = self._request("RenewInstance")
        own = request.own_instance(instance)
        if own.billing != "subscription":
            raise _charge_type(request, own, "pay-as-you-go has no end that could be put off")
        if own.periods + periods > ev.MOST_PERIODS:
            raise InputError(f"{own.id} is prepaid for {own.periods} periods of at most {ev.MOST_PERIODS}")
        request.control.record(ev.InstanceRenewed(at=request.now, instance=own.id, periods=periods))

    @command
    def stop_instance(self, instance: InstanceRef, *, mode: StopMode = "standard") -> None:
        """Stop a running instance.

        instance: its id
        mode: standard, or economical, in which its licence fee stops too (IBILL-3)
        """
        request = self._request("StopInstance")
        own = request.own_instance(instance)
        request.check_status(own, "Running")
        if mode == "economical" and own.billing == "subscription":
            raise _charge_type(request, own, "economical mode is for pay-as-you-go (IBILL-3)")
        _fail_images_being_made(request.control, own)
        suspended = mode == "economical" and bool(limit("economical_stop_suspends_licence", request.now))
        request.control.record(
            ev.InstanceStopped(at=request.now, instance=own.id, mode=mode, licence_suspended=suspended)
        )

    @command
    def start_instance(self, instance: InstanceRef) -> None:
        """Start a stopped instance.

        instance: its id
        """
        request = self._request("StartInstance")
        own = request.own_instance(instance)
        request.check_status(own, "Stopped")
        _fail_images_being_made(request.control, own)
        request.control.record(ev.InstanceStarted(at=request.now, instance=own.id))

    @command
    def release_instance(self, instance: InstanceRef, *, force: bool = False) -> None:
        """Release an instance. The disks launched with it go too; finished snapshots of theirs stay (SNAP-8).

        A disk that was attached later is only detached, unless it was to be deleted with the instance, and
        automatic snapshots may go with their disk; both is set with `attach_disk` and `modify_disk`.

        A subscription can be released when it has ended.

        instance: its id
        force: release it even while it runs
        """
        request = self._request("DeleteInstance")
        own = request.own_instance(instance)
        if own.paid_until and request.now < own.paid_until:
            raise _charge_type(request, own, f"it is prepaid until {show_time(own.paid_until)}")
        force = force or own.billing == "subscription"  # An ended subscription stands still anyway.
        request.check_status(own, *(("Stopped", "Running") if force else ("Stopped",)))
        _fail_images_being_made(request.control, own)
        for disk in (request.state.disks[name] for name in own.disks):
            if disk.delete_with_instance:
                request.control.record(*disk_released(request.control, disk))
            else:
                request.control.record(ev.DiskDetached(at=request.now, disk=disk.id))
        request.control.record(ev.InstanceReleased(at=request.now, instance=own.id))

    @command
    def replace_system_disk(
        self,
        instance: InstanceRef,
        image: ImageRef,
        *,
        system_disk: GibAboveZero | None = None,
        written: Gib | None = None,
    ) -> DiskRef:
        """Change the operating system of a stopped instance: a new system disk, while data disks stay (OS-1).

        Returns the new disk's id. The fees of the new system take the place of those before (OS-6). Of a
        subscription the rest of its time is charged: for a licence the difference, for a product the whole, unless
        it is the same product (MKT-5) or its supplier refunds what it replaces (UNK-17).

        instance: its id
        image: an image's id, an image family or a short name
        system_disk: size of the new disk; that of the old one or of the image unless said [GiB]
        written: what is written on it in all; what the image holds unless said [GiB]

        >>> acme.stop_instance(web)
        >>> acme.replace_system_disk(web, golden)
        'd-00000002'
        """
        request = self._request("ReplaceSystemDisk")
        own = request.own_instance(instance)
        request.check_open(own.region)
        source = request.usable_image(image, own.region)
        request.check_status(own, "Stopped")
        old = request.state.disks[own.system_disk]
        request.check_idle(old)
        _check_fits(request, source, type_of(own.instance_type, own.vcpus or None, own.memory_gib or None))
        if system_disk is None:
            system_disk = max(old.size_gib, source.size_gib)
        later = _later_rules(request, own, source)
        # Of an image with data disks only the system disk is used (OS-3); the category stays (OS-1).
        new = new_system_disk(request, source, system_disk, written, _chosen_category(old))
        before, after = own.lineage.product_code, source.lineage.product_code
        purchase = own.purchase
        if before != after:
            purchase = purchase_for(request, source.lineage, own.region, own.billing)
        leaves = own.billing == "subscription" and before not in (None, after)
        licences = own.lineage.charged_system, source.lineage.charged_system
        settles = own.billing == "subscription" and licences[0] not in (None, licences[1])
        bought_once = own.purchase is not None  # A subscription uses no other purchases (MKT-2).
        refunded = leaves and not bought_once and taken("UNK-17", request.state.assume) == "by_usage"
        if new.size_gib < old.size_gib:
            raise request.refusal(
                "InvalidSystemDiskSize.LessThanMinSize",
                f"{new.size_gib} GiB is less than the {old.size_gib} GiB of {old.id} (OS-2)",
                instance=own.id,
            )
        _fail_images_being_made(request.control, own)
        (disk_id,) = request.control.new_ids("disk", 1)
        started = ev.SystemDiskReplacementStarted(
            at=request.now,
            instance=own.id,
            image=source.id,
            disk=disk_id,
            size_gib=new.size_gib,
            written_blocks=new.written_blocks,
            initial_blocks=new.initial_blocks,
            lineage=source.lineage,
            finishes_at=request.control.done_at("system_disk_replacement"),
            encrypted=new.encrypted,
            kms_key=new.kms_key,
            purchase=purchase,
            refunded=refunded,
            assumed=(
                *_assumed(
                    request.control, source, True, written, new.encrypted, buys=before != after and purchase is None
                ),
                *(("UNK-17",) if leaves and not bought_once else ()),
                *(("ASSUME-12",) if settles else ()),
                *request.doubts(*later),
            ),
        )
        request.control.record(started)
        if started.finishes_at == request.now:
            finish_replacement(request.control, own.id)
        return disk_id


def finish_replacement(control: Control, instance_id: str) -> None:
    """Swap the system disk: the old one is released, the instance starts by itself (OS-7).

    Manual snapshots of the old disk stay, and automatic ones may go with it; no policy applies to the new
    disk (OS-4).
    """
    instance = control.state.instances[instance_id]
    started, old = control.state.replacements[instance_id], control.state.disks[instance.system_disk]
    new = NewDisk(
        "system",
        started.size_gib,
        started.written_blocks,
        started.initial_blocks,
        started.image,
        None,
        started.encrypted,
        started.kms_key,
        _chosen_category(old),
    )
    control.record(
        *disk_released(control, old),
        disk_created(control, started.disk, instance.account, instance.region, instance.id, new, started.lineage),
        ev.SystemDiskReplaced(
            at=control.now,
            instance=instance.id,
            image=started.image,
            lineage=started.lineage,
            disk=started.disk,
            purchase=started.purchase,
        ),
    )


def _chosen_category(disk: Disk) -> DiskCategory | None:
    return None if disk.category_supposed else disk.category


def _machine(
    request: Request, image: Image, name: str | None, vcpus: int | None, memory_gib: float | None
) -> InstanceType:
    if name is None and (vcpus, memory_gib) != (None, None):
        raise InputError("vcpus and memory are those of an instance type; say which with instance_type")
    default = _DEFAULT_TYPES.get(image.lineage.architecture, _DEFAULT_TYPE)
    machine = type_of(default if name is None else name, vcpus, memory_gib)
    _check_fits(request, image, machine)
    return machine


def _fee_by_size(image: Image) -> bool:
    """Whether an image has a fee that may go by the size of the instance (LIC-4)."""
    return bool(image.lineage.charged_system or image.lineage.product_code)


def _check_fits(request: Request, image: Image, machine: InstanceType) -> None:
    """An image's architecture must be the machine's, and 32 bits reach less than 4 GiB (ARCH-1).

    What is not known of a machine must be given where it matters, and there only.
    """
    architecture = image.lineage.architecture
    if _fee_by_size(image) and machine.vcpus is None:
        raise InputError(f"a fee of {image.id} goes by the size of {machine.name}; say its size with vcpus=")
    if architecture == "i386" and machine.memory_gib is None:
        raise InputError(
            f"{image.id} is for 32 bits, which need little memory; say that of {machine.name} with memory="
        )
    on_machine = "x86_64" if architecture == "i386" else architecture
    limit_gib = limit("memory_gib_limit_32_bit", request.now)
    too_large = architecture == "i386" and (machine.memory_gib or 0) >= limit_gib
    if machine.architecture not in ("", on_machine) or too_large:
        what = f"{machine.memory_gib:g} GiB of memory" if too_large else machine.architecture
        raise request.refusal_of(
            image, "ImageNotSupportInstanceType", f"is for {architecture}; {machine.name} has {what}"
        )


def _later_rules(request: Request, instance: Instance, image: Image) -> list[str]:
    """The rules that allow a change to this system but did not always, by key; refused while one did not yet."""
    later = []
    if len(image.mappings) > 1:  # OS-3
        later.append(request.newer_rule("replace_with_image_of_data_disks", image))
    abroad = region_of(instance.region).area != "mainland_china"
    if abroad and image.lineage.platform != instance.lineage.platform:  # OS-5
        later.append(request.newer_rule("switch_platform_abroad", instance))
    return later


def _charge_type(request: Request, instance: Instance, why: str) -> CloudError:
    message = f"{instance.id} is {instance.billing}: {why}"
    return request.refusal("ChargeTypeViolation", message, instance=instance.id)


def _assumed(
    control: Control, image: Image, typed: bool, written: float | None, encrypted: bool, *, buys: bool
) -> tuple[str, ...]:
    """The assumptions that starting from this image, on a machine of a type that is `typed` or taken, rests on.

    `buys` says whether it buys the image's product.
    """
    found = []
    if image.account in (PROVIDER, MARKETPLACE) and written is None:
        found.append("ASSUME-1")
    if not typed and image.lineage.charged_system:
        found.append("ASSUME-2")
    if image.lineage.product_code and image.account == MARKETPLACE:
        found.append("ASSUME-13")
        if not marketplace_images()[image.lineage.product_code].regions:
            found.append("ASSUME-3")
        if buys:
            found.append("ASSUME-4")
    if encrypted:
        found.append("UNK-16")
    listed = public_images().get(image.id)
    if listed is not None and listed.status == "example":
        found.append(f"example image {image.id}")
    return (*found, *taken_for_granted(image.id, control.today))


def _fail_images_being_made(control: Control, instance: Instance) -> None:
    """Changing an instance's state fails its snapshots under way, and their images (CREATE-3, SNAP-5)."""
    failing = sorted(filter(None, map(control.state.snapshot_under_way, instance.disks)))
    needing = dict.fromkeys(image for snapshot in failing for image in control.state.images_of(snapshot))
    images = [image for image in needing if control.state.images[image].status == "Creating"]
    control.record(
        *(ev.ImageFailed(at=control.now, image=image) for image in images),
        *(ev.SnapshotFailed(at=control.now, snapshot=snapshot) for snapshot in failing),
    )
