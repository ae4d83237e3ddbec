"""Where copying an image and copying its snapshots cost the same, as an expression instead of a search."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from ecs_images import Cloud, InputError, Prices, Updates
from ecs_images.catalog.meters import COPY_TRAFFIC, IMAGE_TRAFFIC, STORAGE, units
from ecs_images.decisions.question import Question, Situation
from ecs_images.units import BYTES_PER_GIB, SECONDS_PER_HOUR, to_seconds


def closed_form(
    cloud: Cloud, image: str, *, region: str, updates: Updates | None = None, prices: Prices | None = None
) -> float | None:
    """The change per version [GiB] at which "copy, then share" costs as much as "copy snapshots".

    `change_gib` of the updates is what is sought and plays no part. None where no change from 0 to
    the content of the system disk does.

    Let version n = 0 … N-1 be made at hour n·e of the horizon T, N = ⌈T/e⌉, and go after k·e hours
    or at the end. It lives L(n) = min(k·e, T - n·e) hours, and H(n) = T - n·e hours remain when it is made.
    The first version has C GiB, later ones R + n·a, of which d change. Storage costs p per GiB and
    hour, traffic of snapshots t and of images u per GiB (0 unless priced, COPY-10). Copies of the
    image are full; copied snapshots keep what does not change once, to the end:

        full        = p·[C·L(0) + Σ (R + n·a)·L(n)] + u·[C + Σ (R + n·a)]
        incremental = p·[C·L(0) + (R - d)·H(1) + a·Σ H(n) + d·Σ L(n)]
                    + t·[C + R + a + (N - 2)·(d + a)]              sums over n = 1 … N-1

    Their difference is linear in d and 0 at

        d = (p·[R·(Σ L(n) - H(1)) + a·Σ (n·L(n) - H(n))] + u·[C + Σ (R + n·a)] - t·[C + R + (N-1)·a])
          / (p·(Σ L(n) - H(1)) + t·(N - 2))

    The first F = max(⌊T/e⌋ - k, 0) of the sum live k·e hours and the others to the end, so that all
    three sums are those of n and of n·n.

    This assumes flat prices (no tier, no change within the horizon), with which it does not matter
    what is stored already; start, cadence and horizon in whole hours; work done at once. Raises
    InputError where prices are not flat, PriceNotFound where there is none.
    """
    situation = Situation(cloud, image)
    asked = Question(situation, replace(updates or Updates(), change_gib=0), prices)
    storage_price = _flat_price(asked, STORAGE, region, "")
    traffic_price = _flat_price(asked, COPY_TRAFFIC, situation.home, region)
    image_price = _flat_price(asked, IMAGE_TRAFFIC, situation.home, region)
    lives = _Lives.of(asked.updates)
    if lives.last < 2:  # Nothing is sent or kept twice yet, so the change plays no part.
        return None
    sizes = asked.sizes
    first, added = sizes.content(0) / BYTES_PER_GIB, sizes.added / BYTES_PER_GIB
    content = (sizes.renewed + sizes.data_renewed) / BYTES_PER_GIB
    stored = storage_price * (content * lives.beyond_one + added * lives.beyond_added)
    sent = traffic_price * (first + content + lives.last * added)
    sent -= image_price * (first + lives.last * content + _sums(lives.last)[0] * added)
    slope = storage_price * lives.beyond_one + traffic_price * (lives.last - 1)
    if not slope:
        return None
    change = (stored - sent) / slope
    return change if 0 <= change <= sizes.renewed / BYTES_PER_GIB else None


@dataclass(frozen=True)
class _Lives:
    """The sums over the versions n = 1 … `last` [hour]: Σ L(n) - H(1), and Σ (n·L(n) - H(n))."""

    last: int
    beyond_one: float
    beyond_added: float

    @classmethod
    def of(cls, updates: Updates) -> _Lives:
        """In whole seconds until the end, so that what cancels out is exactly 0."""
        days, cadence = timedelta(days=updates.horizon_days), timedelta(days=updates.every_days)
        horizon, every = (span // timedelta(seconds=1) for span in (days, cadence))
        kept = updates.versions_kept * every
        last, full = -(-days // cadence) - 1, max(days // cadence - updates.versions_kept, 0)
        (all_n, all_nn), (full_n, full_nn) = _sums(last), _sums(full)
        lived = full * kept + (last - full) * horizon - every * (all_n - full_n)
        by_number = kept * full_n + horizon * (all_n - full_n) - every * (all_nn - full_nn)
        remaining = last * horizon - every * all_n
        return cls(last, (lived - (horizon - every)) / SECONDS_PER_HOUR, (by_number - remaining) / SECONDS_PER_HOUR)


def _sums(last: int) -> tuple[int, int]:
    """1 + 2 + … + last, and the same of squares."""
    return last * (last + 1) // 2, last * (last + 1) * (2 * last + 1) // 6


def _flat_price(asked: Question, meter: str, region: str, item: str) -> float:
    """The one price of a meter over the horizon [per GiB-hour, or per GiB sent]."""
    situation = asked.situation
    book, now = asked.prices.book(situation.currency(situation.owner)), situation.cloud.now
    if book.assumes_free(meter):
        return 0.0
    book.at(meter, region, now, item)
    start, end = to_seconds(now), to_seconds(asked.updates.end(now))
    spans = [span for span in book.schedule(meter, region, item) if span.start < end and start < span.end]
    found = {(tier.price or 0.0) / units()[tier.unit].hours for span in spans for tier in span.tiers}
    if len(found) > 1:
        raise InputError(f"{meter} in {region} has tiers or changes its price; the closed form needs one flat price")
    return found.pop()
