"""A simulated cloud written as a real account would come: saved answers, the provider's bill, and FOCUS rows.

inventory/  what `Inventory.read` reads
bill/       what `reconcile` reads
focus/      the same charges in FOCUS columns
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from ..billing.bill import Bill, bill
from ..catalog.prices import Prices
from ..cloud.cloud import Cloud
from ..errors import InputError
from ..saving import path_of, save_in_folder
from ..units import Time
from .written import account_numbers, write_answers
from .written_bill import write_bill


def write_account(
    cloud: Cloud,
    folder: str | Path,
    *,
    taken: Sequence[Time] = (),
    accounts: Sequence[str] = (),
    prices: Prices | None = None,
    meters: str | Iterable[str] | None = None,
) -> Bill:
    """Write the accounts of a cloud: their saved answers, and their bill up to the last day of these.

    cloud: the cloud
    folder: a new folder, or an empty one
    taken: the days at whose beginning (UTC+8) the answers were saved; the first of every month and the last day that
        the cloud's clock has seen the beginning of, unless given
    accounts: the names of the accounts that are written; all unless given
    prices: the price book; the published one unless given
    meters: what to bill beside images and their fees, as `bill` takes it

    Accounts have numbers, as the service gives them: see `account_numbers`. Returns the bill; what of it has no
    price is in no file. Raises InputError for a folder that has files, and as `write_answers` does.
    """
    home = path_of(folder, "the folder of an account")
    if home.exists() and (not home.is_dir() or any(home.iterdir())):
        raise InputError(f"{home} is not empty, and files of two accounts would mix; name a new folder")
    until = write_answers(cloud, home / "inventory", taken=taken, accounts=accounts)
    found = bill(cloud, until=until, prices=prices, meters=meters)
    numbers = account_numbers(cloud.state.accounts)
    numbers = {name: number for name, number in numbers.items() if not accounts or name in accounts}
    write_bill(found, home / "bill", numbers)
    table = found.focus()
    table["BillingAccountId"] = table["BillingAccountId"].astype("object").map(numbers)
    table = table[table["BillingAccountId"].notna()]
    save_in_folder(home / "focus" / "focus.csv", table.to_csv(index=False, lineterminator="\n"))
    return found
