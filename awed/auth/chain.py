"""Finds the user of a request by trying all ways of authentication, one after the other."""

from collections.abc import Collection, Sequence

from awed.auth.interface import IAuthenticator
from awed.model.access import User, Verb
from awed.model.errors import Unauthorized, Unavailable, UnknownCredentials


class Authenticators:
    """Finds the user of a request.

    *methods*: the ways of authentication, in the order in which they are tried. *anonymous*: what requests without
    credentials may do. *admins*: names of users with all rights.
    """

    def __init__(
        self, methods: Sequence[IAuthenticator], anonymous: Collection[Verb], admins: Collection[str] = ()
    ) -> None:
        self._methods = methods
        self._anonymous = frozenset(anonymous)
        self.admins = admins

    async def user(
        self,
        header: str | None,
        verb: Verb,
        *,
        address: str = "",
        workers: bool = False,
        runners: bool = False,
    ) -> User:
        """The user for the value of an Authorization *header*; the anonymous one for None.

        *verb*: the right that an anonymous request needs. *address*: IP address of the client. *workers*: whether the
        token of a client group is accepted; *runners*: that of a run.

        Raises :class:`~awed.model.errors.Unauthorized`, and :class:`~awed.model.errors.Unavailable` if no way of
        authentication knows the user and one of them does not work now.
        """
        if header is None:
            if verb not in self._anonymous:
                raise Unauthorized("No Authorization")
            return User()
        user = await self._known(header, address)
        if user is None or (user.group and not workers) or (user.run and not runners):
            raise UnknownCredentials
        return User(user.name, admin=True) if user.name in self.admins and user.nodes is None else user

    async def _known(self, header: str, address: str) -> User | None:
        scheme, _, credentials = header.strip().partition(" ")
        failure: Unavailable | None = None
        for method in self._methods:
            try:
                user = await method.authenticate(scheme.lower(), credentials.strip(), address)
            except Unavailable as error:
                failure = error
            else:
                if user is not None:
                    return user
        if failure is not None:
            raise failure
        return None
