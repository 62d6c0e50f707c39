"""The port to ways of telling who somebody is."""

from collections.abc import Awaitable

from zope.interface import Interface

from awed.model.access import User


class IAuthenticator(Interface):
    """One way of telling who somebody is."""

    def authenticate(scheme: str, credentials: str, address: str = "") -> Awaitable[User | None]:
        """Who sent ``Authorization: <scheme> <credentials>``, or None if this way does not know them.

        *scheme* is in lower case; *address* is where the request comes from, "" for a local socket.

        Raises :class:`~awed.model.errors.Unavailable` if that cannot be found out now.
        """
