"""Commands, forks and stories: what they cost among many images, and how it grows."""

from __future__ import annotations

from pathlib import Path

from rows import OURS, Row, Work

import ecs_images as ecs

COMMANDS_A_ROUND, ROUNDS = 7, 100
STEPS_A_ROUND = 20
STORY = """\
start: 2026-01-15
until: 2027-01-15
accounts: [acme, partner]
steps:
  - run_instance: {as: web, account: acme, region: cn-beijing, image: aliyun_3, written: 12}"""
IMAGE_OF_A_ROUND = """
- create_image: {as: "v{n}", account: acme, instance: web, name: "golden-{n}"}
- share_image: {account: acme, image: "v{n}", with_accounts: [partner]}
- unshare_image: {account: acme, image: "v{n}", from_accounts: [partner]}
- delete_image: {account: acme, image: "v{n}", with_snapshots: true}"""


def estate_of(images: int) -> tuple[ecs.Cloud, str]:
    """A cloud with so many images of one snapshot in a region, 90 of them in a family, and its instance."""
    cloud = ecs.Cloud("2026-01-15")
    acme = cloud.account("acme", quotas={"images": 1_000_000})
    cloud.account("partner")
    web = acme.run_instance(region="cn-beijing", image="aliyun_3", written=12)
    snapshot = acme.create_snapshot(web)
    for number in range(images):
        acme.create_image(snapshot=snapshot, name=f"image-{number}", family="golden" if number < 90 else "")
    return cloud, web


def command() -> Row:
    """Create, share, copy, unshare, modify and delete, against moto, which answers the service's own SDK."""
    work = f"{COMMANDS_A_ROUND * ROUNDS:,} commands among {{size:,}} images"
    sizes = (100, 1_000, 10_000, 100_000)
    return Row(work, "flat within 2 times from 100 images on", 334, {OURS: _commands, "moto": _moto}, None, sizes, 10)


def _commands(size: int, folder: Path) -> Work:
    cloud, web = estate_of(size)
    acme = cloud.account("acme")

    def rounds(times: int) -> list[float]:
        for number in range(times):
            image = acme.create_image(web, name=f"round-{number}", family="golden")
            acme.share_image(image, with_accounts=["partner"])
            copy = acme.copy_image(image, to="cn-hangzhou")
            acme.unshare_image(image, from_accounts=["partner"])
            acme.modify_image(image, name=f"round-{number}-old", status="Deprecated")
            acme.delete_image(copy, with_snapshots=True)
            acme.delete_image(image, with_snapshots=True)
        return []

    rounds(10)
    return lambda: rounds(ROUNDS)


def _moto(size: int, folder: Path) -> Work:
    import boto3
    import moto

    moto.mock_aws().start()
    here, there = (
        boto3.client("ec2", region, aws_access_key_id="none", aws_secret_access_key="none")
        for region in ("us-east-1", "us-west-2")
    )
    kind = here.describe_images()["Images"][0]["ImageId"]
    web = here.run_instances(ImageId=kind, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    for number in range(size):
        here.create_image(InstanceId=web, Name=f"image-{number}")

    def work() -> list[float]:
        for number in range(ROUNDS):
            image, partner = here.create_image(InstanceId=web, Name=f"round-{number}")["ImageId"], {"UserId": "1" * 12}
            here.modify_image_attribute(ImageId=image, LaunchPermission={"Add": [partner]})
            copy = there.copy_image(SourceImageId=image, SourceRegion="us-east-1", Name="copy")["ImageId"]
            here.modify_image_attribute(ImageId=image, LaunchPermission={"Remove": [partner]})
            here.create_tags(Resources=[image], Tags=[{"Key": "status", "Value": "deprecated"}])
            there.deregister_image(ImageId=copy)
            here.deregister_image(ImageId=image)
        return []

    return work


def fork() -> Row:
    """A copy of the state, against building it again."""

    def replays(size: int, folder: Path) -> Work:
        ledger = estate_of(size)[0].ledger
        return lambda: [len(ledger.replay().images)]

    def forks(size: int, folder: Path) -> Work:
        cloud = estate_of(size)[0]
        return lambda: [len(cloud.fork().state.images)]

    engines = {OURS: forks, "a replay": replays}
    sizes = (1_000, 10_000, 30_000, 100_000)
    return Row("fork a cloud of {size:,} images", "under 10 ms", 30_000, engines, None, sizes)


def story() -> Row:
    """Rounds of a story, against the same steps written out one by one, which are read first."""

    def runs(text: str) -> Work:
        ecs.Story.parse(STORY).run()  # what is loaded once is no part of a story
        return lambda: [len(ecs.Story.parse(text).run().cloud.ledger)]

    def rounds(size: int, folder: Path) -> Work:
        return runs(f"{STORY}\n  - repeat: {{times: {size}, every: 1h}}\n    steps:" + _steps("{n}", "      "))

    def written_out(size: int, folder: Path) -> Work:
        return runs(STORY + "".join(_steps(str(number), "  ") for number in range(size)))

    engines = {OURS: rounds, "written out": written_out}
    work = f"read and run a story of {{size:,}} rounds of {STEPS_A_ROUND} steps"
    return Row(work, "under 4,000 ms, linear", 5_000, engines, None, (250, 1_000, 2_500, 5_000))


def _steps(number: str, indent: str) -> str:
    images = STEPS_A_ROUND // 4
    steps = (IMAGE_OF_A_ROUND.replace("v{n}", f"v{k}-{number}").replace("{n}", f"{k}-{number}") for k in range(images))
    return "".join(steps).replace("\n", f"\n{indent}")
