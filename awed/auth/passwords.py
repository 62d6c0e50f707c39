"""Passwords: stored as argon2 hashes, checked a few at a time, and after longer and longer pauses if they are wrong.

Hashing takes time and memory on purpose, so it must not be done on the reactor.
"""

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from twisted.internet.defer import DeferredSemaphore
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from awed.auth.tokens import token_hash
from awed.model.addresses import network_of
from awed.model.errors import Unavailable
from awed.tx.locks import PerKey, to_the_end
from awed.tx.recent import Recent
from awed.tx.threads import InThread

AT_ONCE = 2
"""How many passwords are checked at a time. Each check takes 64 MiB."""

FREE_TRIES = 5
"""Wrong passwords in a row from one network after which each further check is delayed."""

LONGEST_PAUSE = 30.0
"""Seconds of the longest delay. The first is 1 s, and each is twice as long as the one before."""

MOST_WAITING = 20
"""Checks of one network that may wait for each other; more are refused."""

_hasher = PasswordHasher()


def hash_password(password: str) -> str:
    """The hash of a password that is stored. Blocks."""
    return _hasher.hash(password)


def matches(stored: str, password: str) -> bool:
    """Whether *password* has the hash *stored*. Blocks, as long for "" (no such user) as for a wrong password."""
    try:
        return _hasher.verify(stored or _decoy(), password) and bool(stored)
    except (VerificationError, InvalidHashError):
        return False


@cache
def _decoy() -> str:
    return _hasher.hash("")


class PasswordChecks:
    """Checks passwords in threads: AT_ONCE in all, and those of one network one after the other.

    Right passwords are cached, together with the stored hash, so that a password that was changed is refused at once.
    The count of wrong ones of a network expires as these do.
    """

    def __init__(self, in_thread: InThread, reactor: IReactorTime) -> None:
        self._in_thread = in_thread
        self._reactor = reactor
        self._right: Recent[bool] = Recent(reactor.seconds)
        self._wrong: Recent[int] = Recent(reactor.seconds)
        self._checks = DeferredSemaphore(AT_ONCE)
        self._lines = PerKey(1)
        """By network, the checks that wait for the one before them."""

    async def is_right(self, stored: str, password: str, address: str) -> bool:
        """Whether *password* has the hash *stored*. *address*: IP address of the client, "" for a local socket.

        Raises :class:`~awed.model.errors.Unavailable` if MOST_WAITING checks of that network wait.
        """
        key = token_hash(f"{stored}\n{password}")
        if self._right.get(key):
            return True
        network = network_of(address)
        if self._lines.waiting(network) >= MOST_WAITING:
            raise Unavailable("too many passwords from your address wait to be checked: please try again later")
        await self._lines.acquire(network)
        # Not cancelled with the request: a thread cannot be stopped, and must keep its place among AT_ONCE until it
        # ends.
        right = await to_the_end(self._next(network, stored, password))
        if right:
            self._right.put(key, True)
        return right

    async def _next(self, network: str, stored: str, password: str) -> bool:
        wrong = self._wrong.get(network) or 0
        try:
            if wrong >= FREE_TRIES:
                await deferLater(self._reactor, _pause(wrong))
            await self._checks.acquire()
            try:
                right = await self._in_thread(matches, stored, password)
            finally:
                self._checks.release()
            self._wrong.put(network, 0 if right else wrong + 1)
            return right
        finally:
            self._lines.release(network)


def _pause(wrong: int) -> float:
    """Seconds to wait before the next check after *wrong* wrong passwords."""
    return float(min(2 ** (wrong - FREE_TRIES), LONGEST_PAUSE))
