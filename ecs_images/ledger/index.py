"""Indexes: the records of a table that have something in common, found without looking at all the others.

A table with an index is an ordinary dict of records by id; whenever a record is set, its index follows. So nothing
that an event does to a record can be forgotten, and a command asks for what it needs, such as the images of an
account that have a name, at the same speed however much exists or ever existed.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, KeysView, Mapping
from copy import copy
from typing import Any, Generic, TypeVar

Record = TypeVar("Record")
Key = tuple[Hashable, ...]

_NOTHING: KeysView[str] = {}.keys()
_NO_KEYS: frozenset[Key] = frozenset()


class Index(Generic[Record]):
    """Groups of the ids of records, by key. It is built when it is first asked, so a mere replay does not pay for it.

    keys_of: for a record, the keys of the groups that it belongs to now. A key is a tuple; its first part says
        what the records have in common, such as ("name", account, region, name)
    """

    def __init__(self, keys_of: Callable[[Record], list[Key]]) -> None:
        self._keys_of = keys_of
        self._records: Mapping[str, Record] = {}
        self.is_built = False
        # Each group has the ids in the order in which the records came to be, with their places in that order.
        self._groups: dict[Key, dict[str, int]] = {}
        # The place of each record, and the keys of the groups that it is in.
        self._known: dict[str, tuple[int, frozenset[Key]]] = {}
        self._next_place = 0
        self._counts: dict[Key, int] = {}
        # A fork shares all of this until one of the two changes something, and each group until it changes that.
        self._shared = False
        self._own_groups: set[Key] = set()

    def fork(self) -> Index[Record]:
        """An index of the same content; changes of one are not seen in the other."""
        twin = copy(self)
        self._shared = twin._shared = True
        return twin

    def belong_to(self, records: Mapping[str, Record]) -> None:
        """Be the index of this table, whose content is the same as before."""
        self._records = records

    def build(self) -> None:
        """Find the groups of what is in the table; from then on the index follows its changes."""
        if not self.is_built:
            self.is_built = True
            for name, record in self._records.items():
                self.follow(name, record)

    def of(self, *key: Hashable) -> KeysView[str]:
        """The ids of a group, the oldest record first. It follows later changes, so list it before making one."""
        self.build()
        group = self._groups.get(key)
        return _NOTHING if group is None else group.keys()

    def count_within(self, *key: Hashable) -> int:
        """How many groups have keys of these parts and one more."""
        self.build()
        return self._counts.get(key, 0)

    def follow(self, name: str, record: Record | None) -> None:
        """Move a record from the groups that it is in to those that it belongs to now; None where it is deleted."""
        known = self._known.get(name)
        place, old = known or (self._next_place, _NO_KEYS)
        new = frozenset(self._keys_of(record)) if record is not None else _NO_KEYS
        if known and record is not None and old == new:
            return
        if self._shared:
            self._groups, self._known, self._counts = dict(self._groups), dict(self._known), dict(self._counts)
            self._own_groups, self._shared = set(), False
        for key in old - new:
            self._leave(key, name)
        for key in new - old:
            self._join(key, name, place)
        if record is None:
            del self._known[name]
            return
        self._known[name] = place, new
        if known is None:
            self._next_place += 1

    def _join(self, key: Key, name: str, place: int) -> None:
        if key not in self._groups:
            self._groups[key] = {name: place}
            self._own_groups.add(key)
            self._counts[key[:-1]] = self._counts.get(key[:-1], 0) + 1
            return
        group = self._changing(key)
        out_of_order = place < group[next(reversed(group))]
        group[name] = place
        if out_of_order:
            self._groups[key] = dict(sorted(group.items(), key=lambda item: item[1]))

    def _leave(self, key: Key, name: str) -> None:
        group = self._changing(key)
        del group[name]
        if not group:
            del self._groups[key]
            self._own_groups.discard(key)
            self._counts[key[:-1]] -= 1

    def _changing(self, key: Key) -> dict[str, int]:
        if key not in self._own_groups:
            self._groups[key] = self._groups[key].copy()
            self._own_groups.add(key)
        return self._groups[key]


class Table(dict[str, Record]):
    """Records by id, with an index that follows. Set and delete only; nothing else may change it."""

    def __init__(self, records: Mapping[str, Record], index: Index[Record]) -> None:
        super().__init__(records)
        self._index = index
        index.belong_to(self)

    def __setitem__(self, name: str, record: Record) -> None:
        if self._index.is_built:
            self._index.follow(name, record)
        dict.__setitem__(self, name, record)

    def __delitem__(self, name: str) -> None:
        if self._index.is_built:
            self._index.follow(name, None)
        super().__delitem__(name)

    def _refused(self, *_: Any, **__: Any) -> Any:
        raise TypeError("a table with an index is changed by setting or deleting one record")

    update = pop = popitem = setdefault = clear = __ior__ = _refused
