"""Reading of documents in threads, which are there for everybody."""

from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

from twisted.internet.defer import DeferredSemaphore

from awed.model.access import User
from awed.tx.locks import PerKey, unbroken
from awed.tx.threads import InThread

P = ParamSpec("P")
T = TypeVar("T")

SHORT = 100_000
"""Bytes of a document that is read at once, which takes some milliseconds. Longer ones may take seconds each."""

AT_ONCE = 3
"""How many long documents are read at a time, far less than there are threads."""


class Reading:
    """Reads documents: of the long ones of a user one after the other, and AT_ONCE in all."""

    def __init__(self, in_thread: InThread) -> None:
        self._in_thread = in_thread
        self._of_users = PerKey(1)
        self._all = DeferredSemaphore(AT_ONCE)

    async def __call__(
        self, user: User, read: Callable[Concatenate[bytes, P], T], body: bytes, *args: P.args, **more: P.kwargs
    ) -> T:
        """What *read* makes of *body*, the document of *user*. Raises what *read* raises."""
        if len(body) <= SHORT:
            return await self._in_thread(read, body, *args, **more)
        async with self._of_users.place(user.name):
            await self._all.acquire()
            try:
                # A thread cannot be stopped, so its place is free when it has ended, and not when the client leaves.
                return await unbroken(self._in_thread(read, body, *args, **more))
            finally:
                self._all.release()
