"""Passwords: kept as argon2 hashes, checked a few at a time, and ever more slowly for who guesses.

A check takes time and memory on purpose: never hash on the reactor.
"""

from functools import cache
from ipaddress import IPv6Address, ip_address

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from twisted.internet.defer import DeferredSemaphore
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from awed.auth.tokens import token_hash
from awed.model.errors import Unavailable
from awed.tx.locks import PerKey, to_the_end
from awed.tx.recent import Recent
from awed.tx.threads import InThread

AT_ONCE = 2
"""How many passwords are checked at a time: each takes 64 MiB."""

FREE_TRIES = 5
"""Wrong passwords in a row after which an address waits before each further check."""

LONGEST_PAUSE = 30.0
"""Seconds of such a wait: it is 1 s first, and doubles."""

MOST_WAITING = 20
"""Checks of one address that wait for each other; more are refused."""

_hasher = PasswordHasher()


def hash_password(password: str) -> str:
    """What is stored of a password."""
    return _hasher.hash(password)


def matches(stored: str, password: str) -> bool:
    """Whether *password* is the one of *stored*. Nobody's (``""``) takes as long as a wrong one."""
    try:
        return _hasher.verify(stored or _decoy(), password) and bool(stored)
    except (VerificationError, InvalidHashError):
        return False


@cache
def _decoy() -> str:
    return _hasher.hash("")


class PasswordChecks:
    """Checks passwords in threads: :data:`AT_ONCE` of them in all, and of each address one after the other.

    A right password is remembered for a while, together with what is stored of it: a new one counts at once. Wrong
    ones of an address are counted as long.
    """

    def __init__(self, in_thread: InThread, reactor: IReactorTime) -> None:
        self._in_thread = in_thread
        self._reactor = reactor
        self._right: Recent[bool] = Recent(reactor.seconds)
        self._wrong: Recent[int] = Recent(reactor.seconds)
        self._checks = DeferredSemaphore(AT_ONCE)
        self._lines = PerKey(1)
        """By network: who waits there for the check before."""

    async def is_right(self, stored: str, password: str, address: str) -> bool:
        """Whether *password* is the one of *stored*. *address*: of who asks, "" for a local socket.

        Raises :class:`~awed.model.errors.Unavailable` if too many checks of that address wait.
        """
        key = token_hash(f"{stored}\n{password}")
        if self._right.get(key):
            return True
        network = _network(address)
        if self._lines.waiting(network) >= MOST_WAITING:
            raise Unavailable("too many passwords from your address wait to be checked: please try again later")
        await self._lines.acquire(network)
        # Who leaves takes no permit away from a thread that goes on.
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
    """Seconds to wait before the next check after so many wrong ones."""
    return float(min(2 ** (wrong - FREE_TRIES), LONGEST_PAUSE))


def _network(address: str) -> str:
    """Where an address counts as the same one: a person may have a whole /64 of IPv6."""
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    return str(IPv6Address(int(ip) >> 64 << 64)) if isinstance(ip, IPv6Address) else address
