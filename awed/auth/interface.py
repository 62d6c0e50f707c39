"""The interface of all ways of authentication."""

from collections.abc import Awaitable

from zope.interface import Interface

from awed.model.access import User


class IAuthenticator(Interface):
    """A way of authentication."""

    def authenticate(scheme: str, credentials: str, address: str = "") -> Awaitable[User | None]:
        """The user who sent ``Authorization: <scheme> <credentials>``, None if they are unknown to this way.

        *scheme* is in lower case. *address*: IP address of the client, "" for a local socket.

        Raises :class:`~awed.model.errors.Unavailable` if that cannot be found out now.
        """
