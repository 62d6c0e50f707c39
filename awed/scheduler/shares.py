"""What users and client groups have out, and how much more they may have: their shares."""

import math
from bisect import bisect_left, bisect_right, insort
from collections.abc import Collection
from weakref import WeakValueDictionary

from msgspec import Struct

from awed.model.resources import Needs, cores_of, takes_slot


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


class Share:
    """What a user or a client group has out: workunits that take a slot, and the cores that they need.

    *most*: what it may have out. *is_fair*: whether work of a user goes after that of others who have less out.
    *eased*: where it is noted when more may be out than before. *asked*: how many cores each kind of queued work of a
    limited user needs, in ascending order; None of others, of whom that is not known.
    """

    __slots__ = ("__weakref__", "_eased", "_is_fair", "asked", "cores", "left", "most", "standing", "work")

    def __init__(
        self,
        most: Most = ANYTHING,
        is_fair: bool = False,
        eased: "dict[Share, None] | None" = None,
        asked: list[float] | None = None,
    ) -> None:
        self.most = most
        self._is_fair = is_fair
        self._eased = eased if most.is_limit else None
        self.work = 0
        self.cores = 0.0
        self.left = self._left()
        """How many cores more may go out; 0 if no more workunits may, as each needs some."""
        self.standing = 0.0
        """Of users whose work is of equal priority, the one with the least is next."""
        self.asked = asked

    def count(self, needs: Needs, sign: int) -> None:
        """A workunit with these *needs* went out (*sign* is 1) or came back (-1)."""
        self.work += sign * takes_slot(needs)
        self.cores = round(self.cores + sign * cores_of(needs), 2)
        if self._is_fair:
            self.standing = self.cores
        if self._eased is not None:
            before, self.left = self.left, self._left()
            if self.left > before and self._helps(before):
                self._eased[self] = None

    def _left(self) -> float:
        return max(0.0, round(self.most.cores - self.cores, 2)) if self.work < self.most.work else 0.0

    def _helps(self, before: float) -> bool:
        """Whether queued work may go out now that could not with *before* cores left; True if that is not known."""
        if self.asked is None:
            return True
        at = bisect_right(self.asked, before)
        return at < len(self.asked) and self.asked[at] <= self.left

    def ask(self, cores: float) -> None:
        """Work of one more kind is queued, which needs so many cores."""
        if self.asked is not None:
            insort(self.asked, cores)

    def ask_no_more(self, cores: float) -> None:
        """No such work is queued any more."""
        if self.asked is not None:
            del self.asked[bisect_left(self.asked, cores)]


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
        self._eased: dict[Share, None] = {}

    def user(self, name: str) -> Share:
        """The share of a user."""
        if not self._is_fair and not self._user.is_limit:
            return UNLIMITED
        share = self._users.get(name)
        if share is None:
            share = self._users[name] = Share(
                self._user, self._is_fair, self._eased, [] if self._user.is_limit else None
            )
        return share

    def group(self, name: str) -> Share:
        """The share of the clients of a group."""
        if not self._group.is_limit:
            return UNLIMITED
        share = self._groups.get(name)
        if share is None:
            share = self._groups[name] = Share(self._group, eased=self._eased)
        return share

    def take_eased(self) -> Collection[Share]:
        """The shares of which more may be out than when this was called last, if that may let queued work go out."""
        eased = list(self._eased)
        self._eased.clear()
        return eased
