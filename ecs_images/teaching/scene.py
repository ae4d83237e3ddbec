"""The start of most tasks: an account with an instance to make images of."""

from __future__ import annotations

from collections.abc import Sequence

from ..cloud.account import Account
from ..cloud.cloud import Cloud
from ..ledger.resources import Durations


def machine(
    start: str, written: float = 12, *, data: Sequence[float] = (), durations: Durations = "instant"
) -> tuple[Cloud, Account, str]:
    """Returns a new cloud, its account acme, and acme's instance in Beijing.

    start: the cloud's first moment
    written: how much is written on the system disk of 40 GiB [GiB]
    data: how much is written on each data disk of 100 GiB [GiB]
    durations: whether tasks are done at once or take their typical time
    """
    cloud = Cloud(start=start, durations=durations)
    acme = cloud.account("acme")
    disks = [{"size": 100, "written": gib} for gib in data]
    web = acme.run_instance(region="cn-beijing", image="aliyun_3", system_disk=40, written=written, data_disks=disks)
    return cloud, acme, web
