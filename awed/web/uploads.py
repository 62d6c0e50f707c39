"""Large bodies: whether the sender has the right to the call is asked before the body is read, and how many bytes of
unfinished ones somebody may have on disk is bounded."""

from collections import Counter
from collections.abc import Awaitable, Callable, Collection

from twisted.web.iweb import IRequest

from awed.model.access import PUBLIC, User
from awed.model.addresses import network_of
from awed.model.errors import Unavailable
from awed.web.request import ShortRequest

_ANONYMOUS = "anonymous users"
"""Whose bodies are counted, beside single users and addresses."""


class Upload:
    """The bytes of a body that have arrived, counted for each of *names* until :meth:`end`."""

    def __init__(self, uploads: "Uploads", names: Collection[str]) -> None:
        self._uploads = uploads
        self._names = names
        self._size = 0

    def add(self, size: int) -> None:
        """Count *size* more bytes. Raises :class:`~awed.model.errors.Unavailable` if they are too many, unless there
        is no other upload: how large one may be is another limit."""
        for name in self._names:
            self._uploads.require_room(name, self._size, size)
        self._size += size
        for name in self._names:
            self._uploads.sizes[name] += size

    def end(self) -> None:
        """The body was used or discarded."""
        for name in self._names:
            self._uploads.sizes[name] -= self._size
            if not self._uploads.sizes[name]:
                del self._uploads.sizes[name]


class Uploads:
    """The large bodies that are arriving, or in use by their requests.

    *user_of*: finds the user of a request whose head has arrived, and raises an error if the user has no right to the
    call. *peer*: finds the client's IP address. *most_of_one*: bytes of unfinished bodies that a user may have, of
    anonymous users one address; *most_anonymous*: all of these. 0: no limit.
    """

    def __init__(
        self,
        user_of: Callable[[ShortRequest], Awaitable[User]],
        peer: Callable[[IRequest], str],
        most_of_one: int,
        most_anonymous: int,
    ) -> None:
        self._user_of = user_of
        self._peer = peer
        self._most_of_one = most_of_one
        self._most_anonymous = most_anonymous
        self.sizes: Counter[str] = Counter()

    async def admit(self, request: ShortRequest) -> Upload:
        """Begin to count the body of *request*. Raises an error if the sender has no right to the call."""
        user = await self._user_of(request)
        if user.name == PUBLIC:
            return Upload(self, (f"address {network_of(self._peer(request))}", _ANONYMOUS))
        return Upload(self, (f"user {user.name}" if user.name else f"group {user.group}",))

    def require_room(self, name: str, own: int, size: int) -> None:
        """Raises :class:`~awed.model.errors.Unavailable` if *size* bytes more are too many for *name*, who has other
        bodies than one of *own* bytes."""
        most = self._most_anonymous if name == _ANONYMOUS else self._most_of_one
        used = self.sizes[name]
        if most and used > own and used + size > most:
            whose = "of all anonymous users" if name == _ANONYMOUS else f"of {name}"
            raise Unavailable(
                f"the unfinished uploads {whose} may have {most} bytes together at this server, and have {used}:"
                " repeat this one when others are done"
            )
