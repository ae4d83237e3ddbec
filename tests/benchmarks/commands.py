"""How the cost of commands, forks, stories and starts grows, each against itself at a smaller size.

    python tests/benchmarks/commands.py

Under a minute. Times are processor time, so that other work on the machine counts little; what is to be read are
the ratios of one run.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from statistics import median

import ecs_images as ecs

ROUND = """
      - create_image: {as: "v{n}", account: acme, instance: web, name: "golden-{n}"}
      - share_image: {account: acme, image: "v{n}", with_accounts: [partner]}
      - unshare_image: {account: acme, image: "v{n}", from_accounts: [partner]}
      - delete_image: {account: acme, image: "v{n}", with_snapshots: true}"""
TWENTY_STEPS = "".join(ROUND.replace("v{n}", f"v{k}-{{n}}").replace("golden-", f"g{k}-") for k in range(5))
STORY = """\
start: 2026-01-15
until: 2027-01-15
accounts: [acme, partner]
steps:
  - run_instance: {as: web, account: acme, region: cn-beijing, image: aliyun_3, written: 12}
  - repeat: {times: ROUNDS, every: 1h}
    steps:"""
NO_PANDAS = """
import sys, time
from ecs_images.cli import main
try:
    main()
finally:
    print(time.process_time(), file=sys.stderr)
"""


def processor_seconds(work: Callable[[], object], times: int = 1) -> float:
    """The median of some runs."""
    found = []
    for _ in range(times):
        begin = time.process_time()
        result = work()
        found.append(time.process_time() - begin)
        del result
    return median(found)


def estate_of(images: int) -> tuple[ecs.Cloud, str]:
    """A cloud with so many images of one snapshot in a region, 100 of them in a family, and its instance."""
    cloud = ecs.Cloud("2026-01-15")
    acme = cloud.account("acme", quotas={"images": 1_000_000})
    cloud.account("partner")
    web = acme.run_instance(region="cn-beijing", image="aliyun_3", written=12)
    snapshot = acme.create_snapshot(web)
    for number in range(images):
        acme.create_image(snapshot=snapshot, name=f"image-{number}", family="golden" if number < 90 else "")
    return cloud, web


def command_rounds(cloud: ecs.Cloud, web: str, rounds: int) -> None:
    """Some rounds of seven commands: create, share, copy, unshare, modify, and delete both images."""
    acme = cloud.account("acme")
    for number in range(rounds):
        image = acme.create_image(web, name=f"round-{number}", family="golden")
        acme.share_image(image, with_accounts=["partner"])
        copy = acme.copy_image(image, to="cn-hangzhou")
        acme.unshare_image(image, from_accounts=["partner"])
        acme.modify_image(image, name=f"round-{number}-old", status="Deprecated")
        acme.delete_image(copy, with_snapshots=True)
        acme.delete_image(image, with_snapshots=True)


def commands_and_forks() -> None:
    smallest = 0.0
    for images in (100, 1_000, 10_000, 30_000):
        cloud, web = estate_of(images)
        command_rounds(cloud, web, 10)
        fork = processor_seconds(cloud.fork, 9)
        each = processor_seconds(lambda cloud=cloud, web=web: command_rounds(cloud, web, 150), 3) / 1_050
        smallest = smallest or each
        print(
            f"{images:>7,} images: {1 / each:>8,.0f} commands/s, {each / smallest:4.1f} times the cost at 100 images",
            end="",
        )
        print(f"   (target: at most 2);  a fork {fork * 1000:6.2f} ms   (target: under 10)")


def story(rounds: int) -> str:
    """A story of so many rounds of 20 steps."""
    return STORY.replace("ROUNDS", str(rounds)) + TWENTY_STEPS + "\n"


def written_out(rounds: int) -> str:
    """The same with every step written out, all at one moment."""
    steps = TWENTY_STEPS.replace("\n      -", "\n  -")
    return STORY[: STORY.index("  - repeat")].rstrip() + "".join(steps.replace("{n}", str(n)) for n in range(rounds))


def stories() -> None:
    first = 0.0
    ecs.Story.parse(story(1)).run()  # what is loaded once is no part of a story
    for rounds in (250, 1_000, 5_000):
        whole = processor_seconds(lambda rounds=rounds: ecs.Story.parse(story(rounds)).run())
        first = first or whole / rounds
        print(f"story of {rounds:>5,} rounds x 20 steps: {whole:5.2f} s, {whole / rounds / first:4.1f} times", end="")
        print(" as long a round as with 250   (target: at most 1.3; 5,000 rounds under 4 s)")
    texts = {rounds: written_out(rounds) for rounds in (250, 5_000)}
    short, long = (processor_seconds(lambda text=text: ecs.Story.parse(text)) for text in texts.values())
    print(
        f"5,000 rounds written out are read in {long:5.2f} s, {long / short / 20:4.1f} times as long a step as of 250"
    )


def starts() -> None:
    def start(*command: str) -> float:
        done = subprocess.run([sys.executable, "-c", NO_PANDAS, *command], capture_output=True, text=True, check=True)
        return float(done.stderr.split()[-1])

    pandas = float(
        subprocess.run(
            [sys.executable, "-c", "import time, pandas; print(time.process_time())"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    )
    for command in (["--help"], ["rules"], ["prices"]):
        seconds = median(start(*command) for _ in range(3))
        print(f"ecs-images {command[0]:<8}{seconds:5.2f} s, {seconds / pandas:4.2f} times an import of pandas")


def main() -> None:
    commands_and_forks()
    stories()
    starts()


if __name__ == "__main__":
    main()
