"""What users and client groups have out, and how much more they may have: their shares."""

import math
from collections.abc import Iterator
from typing import Protocol
from weakref import WeakValueDictionary

from msgspec import Struct

from awed.model.resources import Needs, cores_of


class Most(Struct, frozen=True):
    """How much one user, or one client group, may have out at once: workunits, and cores for them. Infinite: no
    limit."""

    work: float = math.inf
    cores: float = math.inf

    @property
    def is_limit(self) -> bool:
        """Whether it is a limit at all."""
        return min(self.work, self.cores) < math.inf


ANYTHING = Most()


class Standing(Protocol):
    """Something that stands in an order by what a user has out."""

    def stand(self) -> None:
        """Take the place that it has now."""


class Share:
    """What a user or a client group has out: workunits, and the cores that they need.

    *most*: what it may have out. *counts*: whether its work goes after that of others who have less out. *eased*:
    where it notes itself when it may have more out than before, with the cores that it could have had.
    """

    __slots__ = ("__weakref__", "_counts", "_eased", "cores", "left", "most", "standing", "standings", "work")

    def __init__(
        self, most: Most = ANYTHING, counts: bool = False, eased: "dict[Share, float] | None" = None
    ) -> None:
        self.most = most
        self._counts = counts
        self._eased = eased if most.is_limit else None
        self.work = 0
        self.cores = 0.0
        self.left = self._left()
        """How many cores more may go out; 0 if no more workunits may, as each needs some."""
        self.standing = 0.0
        """Of users whose work is of equal priority, the one with the least is next."""
        self.standings: set[Standing] = set()
        """What stands somewhere by *standing*."""

    def count(self, needs: Needs, sign: int) -> None:
        """A workunit with these *needs* went out (*sign* is 1) or came back (-1)."""
        self.work += sign
        self.cores = round(self.cores + sign * cores_of(needs), 2)
        if self._eased is not None:
            if sign < 0:
                self._eased.setdefault(self, self.left)
            self.left = self._left()
        if self._counts:
            self.standing = self.cores
            for each in self.standings:
                each.stand()

    def _left(self) -> float:
        return max(0.0, round(self.most.cores - self.cores, 2)) if self.work < self.most.work else 0.0


class _Unlimited(Share):
    __slots__ = ()

    def count(self, needs: Needs, sign: int) -> None:
        """Nobody asks how much it is."""


UNLIMITED: Share = _Unlimited()
"""The share of all who need not be told apart."""


class Shares:
    """The shares of users and of client groups, as long as something holds them.

    *is_fair*: of users whose work is of equal priority, that one's work is next who has least out.
    """

    def __init__(self, user: Most, group: Most, is_fair: bool) -> None:
        self._user = user
        self._group = group
        self._is_fair = is_fair
        self._users: WeakValueDictionary[str, Share] = WeakValueDictionary()
        self._groups: WeakValueDictionary[str, Share] = WeakValueDictionary()
        self._eased: dict[Share, float] = {}

    def user(self, name: str) -> Share:
        """The share of a user."""
        if not self._is_fair and not self._user.is_limit:
            return UNLIMITED
        share = self._users.get(name)
        if share is None:
            share = self._users[name] = Share(self._user, self._is_fair, self._eased)
        return share

    def group(self, name: str) -> Share:
        """The share of the clients of a group."""
        if not self._group.is_limit:
            return UNLIMITED
        share = self._groups.get(name)
        if share is None:
            share = self._groups[name] = Share(self._group, eased=self._eased)
        return share

    def take_eased(self) -> Iterator[tuple[Share, float]]:
        """The shares that may have more out than when this was called last, with the cores that they might have had
        before; each once."""
        eased = list(self._eased.items())
        self._eased.clear()
        return ((share, before) for share, before in eased if share.left > before)
