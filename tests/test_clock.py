"""The clock: it moves forward only, and work that takes time is done when its time has come."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from helpers import BEIJING, golden_image, machine, refused, stored_gib, unchanged, unusable

from ecs_images import Cloud, InputError, UnknownName
from ecs_images.units import BILLING_CLOCK

MIDNIGHT = datetime(2026, 1, 15, tzinfo=BILLING_CLOCK)


@pytest.fixture
def slow() -> Cloud:
    """Typical durations: half a minute a GiB for snapshots and imports, 10 minutes a replacement."""
    return Cloud(start="2026-01-15", durations="typical")


@pytest.fixture
def owner(slow):
    return slow.account("owner")


# The clock ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "start", ["2026-01-15", "2026-01-15T00:00", "2026-01-14T16:00Z", date(2026, 1, 15), datetime(2026, 1, 15), MIDNIGHT]
)
def test_a_time_without_a_zone_is_read_on_the_billing_clock(start):
    """BILL-2: UTC+8."""
    assert Cloud(start=start).now == datetime(2026, 1, 14, 16, tzinfo=UTC)


def test_the_clock_moves_to_a_moment_or_by_a_span(cloud):
    cloud.at("2026-01-16T10:30")
    cloud.advance(days=1, hours=1.5)
    assert cloud.now == MIDNIGHT + timedelta(days=2, hours=12)
    cloud.at(cloud.now)  # to stay is allowed
    cloud.advance()
    assert cloud.now == MIDNIGHT + timedelta(days=2, hours=12)


def test_time_never_runs_back(cloud):
    cloud.at("2026-02-01")
    with unusable(cloud, "cannot go back"):
        cloud.at("2026-01-31T23:59:59")
    with unusable(cloud, "cannot go back"):
        cloud.advance(hours=-1)


@pytest.mark.parametrize("when", ["soon", "", "2026-13-01", 20260201, None, "2200-01-02", "2026-02-01T00:00:00.5"])
def test_a_moment_that_cannot_be_read_is_an_input_error(cloud, when):
    with unusable(cloud):
        cloud.at(when)


@pytest.mark.parametrize("days", [float("nan"), float("inf"), 1e7])
def test_a_span_that_is_no_span_is_an_input_error(cloud, days):
    with unusable(cloud):
        cloud.advance(days=days)


def test_a_cloud_has_instant_or_typical_durations_and_whole_blocks():
    with pytest.raises(UnknownName, match="typical"):
        Cloud(start="2026-01-15", durations="typicall")
    for size in (0, -2, float("nan"), 1e-7):
        with pytest.raises(InputError, match="block_size_mib"):
            Cloud(start="2026-01-15", block_size_mib=size)


def test_a_block_size_is_finite():
    with pytest.raises(InputError, match="block_size_mib"):
        Cloud(start="2026-01-15", block_size_mib=float("inf"))


def test_an_account_is_opened_once_and_stays_on_its_site(cloud):
    acme = cloud.account("acme", site="international")
    with unchanged(cloud):
        assert cloud.account("acme") == cloud.account("acme", site="international") == acme
    for name, site in (("acme", "china"), ("new", "mars"), ("", None), ("  ", None), (7, None)):
        with unusable(cloud):
            cloud.account(name, site=site)


def test_no_account_has_the_name_of_the_services_own_images(cloud):
    """`system` and `marketplace` are the owners of the provider's images."""
    for name in ("system", "marketplace"):
        with unusable(cloud):
            cloud.account(name)


def test_a_fork_has_the_same_past_and_a_future_of_its_own(cloud, acme):
    web = machine(acme)
    cloud.at("2026-02-01")
    other = cloud.fork()
    assert (other.now, other.ledger) == (cloud.now, cloud.ledger)
    other.account("acme").create_image(web)
    assert len(cloud.state.images) == 0
    assert len(other.state.images) == 1


def test_asking_for_what_never_was_names_what_is_known(cloud, acme):
    web = machine(acme)
    for question in (cloud.image, cloud.snapshot, cloud.instance, cloud.disk, cloud.wait, cloud.chain):
        with unusable(cloud, "unknown") as caught:
            question("i-00000002")
        assert isinstance(caught.value, UnknownName)
    with unusable(cloud, f"did you mean {web}"):
        cloud.instance("i-00000002")


# Work that takes time -----------------------------------------------------------------------------


def test_the_first_snapshot_of_40_gib_takes_20_minutes_and_the_next_what_changed(slow, owner):
    """CREATE-13 (R: Replace the system disk 2020): in proportion to what is stored: 4 GiB take 2."""
    web = machine(owner, written=40)
    snapshot = owner.create_snapshot(web)
    assert slow.snapshot(snapshot).status == "progressing"
    slow.at("2026-01-15T00:19:59")
    assert slow.snapshot(snapshot).status == "progressing"
    slow.at("2026-01-15T00:20")
    assert slow.snapshot(snapshot).status == "accomplished"
    owner.write(web, overwrite=4)
    owner.create_image(web)
    slow.advance(hours=2 / 60)
    assert [image.status for image in slow.state.images.values()] == ["Available"]


def test_an_image_is_creating_until_every_snapshot_is_done(slow, owner):
    """STATUS-3 (G: CreateImage): 12 GiB take 6 minutes, 122 GiB 61 minutes; the longer counts."""
    image = owner.create_image(machine(owner, data_disks=[{"size": 200, "written": 122}]))
    assert slow.image(image).status == "Creating"
    slow.advance(hours=1)
    system, data = slow.image(image).snapshots
    assert (slow.snapshot(system).status, slow.snapshot(data).status) == ("accomplished", "progressing")
    assert slow.image(image).status == "Creating"
    slow.wait(image)
    assert slow.now == MIDNIGHT + timedelta(minutes=61)
    assert slow.image(image).status == "Available"


def test_an_image_that_is_creating_is_not_used_shared_copied_or_deleted(slow, owner):
    """STATUS-3, USE-1, COPY-1, DEL-4."""
    slow.account("partner")
    spare = machine(owner, written=1)
    owner.stop_instance(spare)
    image = owner.create_image(machine(owner))
    for code, command in (
        ("OperationDenied.ImageNotValid", lambda: machine(owner, image=image)),
        ("OperationDenied.ImageNotValid", lambda: owner.replace_system_disk(spare, image)),
        ("OperationDenied.InvalidImageStatus", lambda: owner.share_image(image, with_accounts=["partner"])),
        ("OperationDenied.InvalidImageStatus", lambda: owner.publish_image(image)),
        ("IncorrectImageStatus", lambda: owner.copy_image(image, to="cn-hangzhou")),
        ("ImageIsCreating", lambda: owner.delete_image(image, force=True)),
    ):
        with refused(slow, code):
            command()
    slow.wait(image)
    machine(owner, image=image)


def test_an_image_being_imported_is_not_deleted(slow, owner):
    """IMP-7, DEL-4 (G: ImportImage), ASSUME-5: 6 GiB take 3 minutes."""
    image = owner.import_image(region=BEIJING, file=6)
    with refused(slow, "ImageIsImporting", operation="DeleteImage"):
        owner.delete_image(image)
    slow.wait(image)
    assert slow.now == MIDNIGHT + timedelta(minutes=3)
    owner.delete_image(image)


def test_a_disk_has_one_snapshot_at_a_time(slow, owner):
    """SNAP-5, CREATE-10 (R: CreateSnapshot 2021-01-25)."""
    web = machine(owner)
    first = owner.create_snapshot(web)
    with refused(slow, "IncorrectDiskStatus.CreatingSnapshot", operation="CreateSnapshot"):
        owner.create_snapshot(web)
    with refused(slow, "IncorrectDiskStatus.CreatingSnapshot", operation="CreateImage"):
        owner.create_image(web)
    with refused(slow, "InvalidSnapshotId.NotReady", operation="CreateImage"):  # CREATE-6
        owner.create_image(snapshot=first)
    slow.wait(first)
    owner.create_image(web)


def test_deleting_a_snapshot_in_progress_cancels_it(slow, owner):
    """SDEL-1 (G: DeleteSnapshot): the next one stores all of it."""
    web = machine(owner)
    owner.delete_snapshot(owner.create_snapshot(web))
    assert stored_gib(slow) == 0
    slow.wait(owner.create_snapshot(web))
    assert stored_gib(slow) == 12


@pytest.mark.parametrize("change", ["stop", "release", "start"])
def test_changing_the_instance_meanwhile_fails_its_image(slow, owner, change):
    """CREATE-3, SNAP-5, STATUS-2 (R: Create a custom image from an instance 2021-02-25)."""
    web = machine(owner)
    if change == "start":
        owner.stop_instance(web)
    image = owner.create_image(web, name="golden")
    {
        "stop": lambda: owner.stop_instance(web),
        "release": lambda: owner.release_instance(web, force=True),
        "start": lambda: owner.start_instance(web),
    }[change]()
    assert slow.image(image).status == "CreateFailed"
    assert slow.snapshot(slow.image(image).system_snapshot).status == "failed"
    assert stored_gib(slow) == 0
    slow.wait(image)  # there is nothing to wait for
    assert slow.now == MIDNIGHT
    with refused(slow, "OperationDenied.ImageNotValid", operation="RunInstances"):
        machine(owner, image=image)
    owner.delete_image(image)  # UNK-10
    assert slow.image(image).status == "Deleted"


def test_a_disk_with_a_snapshot_in_progress_is_not_re_initialised_or_replaced(slow, owner):
    """REINIT-2 (R: ReInitDisk)."""
    web = machine(owner)
    owner.stop_instance(web)
    owner.create_snapshot(web)
    with refused(slow, "DiskCreatingSnapshot", operation="ReInitDisk"):
        owner.reinit_disk(web)
    with refused(slow, "DiskCreatingSnapshot", operation="ReplaceSystemDisk"):
        owner.replace_system_disk(web, "ubuntu_22_04")


def test_a_replacement_takes_ten_minutes_and_the_instance_then_starts(slow, owner):
    """OS-7: meanwhile the instance cannot be commanded."""
    web = machine(owner)
    owner.stop_instance(web)
    old = slow.instance(web).system_disk
    new = owner.replace_system_disk(web, "ubuntu_22_04", written=5)
    for command in (
        lambda: owner.start_instance(web),
        lambda: owner.release_instance(web, force=True),
        lambda: owner.reinit_disk(web),
        lambda: owner.create_image(web),
        lambda: owner.create_snapshot(web),
        lambda: owner.replace_system_disk(web, "aliyun_3"),
    ):
        with refused(slow, "IncorrectInstanceStatus"):
            command()
    assert (slow.instance(web).system_disk, slow.instance(web).status) == (old, "Stopped")
    slow.wait(web)
    assert slow.now == MIDNIGHT + timedelta(minutes=10)
    assert (slow.instance(web).system_disk, slow.instance(web).status) == (new, "Running")


def test_an_image_an_instance_is_being_given_counts_as_used(slow, owner):
    """DEL-2: deleted by force only."""
    image = golden_slow(slow, owner)
    web = machine(owner)
    owner.stop_instance(web)
    owner.replace_system_disk(web, image)
    with refused(slow, "ImageUsingByInstance", operation="DeleteImage"):
        owner.delete_image(image)


def golden_slow(cloud, account) -> str:
    web = machine(account)
    image = account.create_image(web)
    cloud.wait(image)
    account.release_instance(web, force=True)
    return image


def test_waiting_for_what_is_done_moves_no_clock(cloud, acme):
    image = golden_image(acme)
    for what in (image, cloud.image(image).system_snapshot, machine(acme)):
        with unchanged(cloud):
            cloud.wait(what)


def test_a_snapshot_holds_the_disk_as_it_was_when_it_began(slow, owner):
    """STATUS-3: what is written afterwards belongs to the next one."""
    web = machine(owner)
    snapshot = owner.create_snapshot(web)
    owner.write(web, new=5)
    slow.wait(snapshot)
    assert slow.chain(web).total_gib == 12
    assert slow.snapshot(snapshot).content_bytes == 12 * 2**30
