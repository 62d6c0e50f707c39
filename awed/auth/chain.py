"""Who asks: the ways of telling are asked one after the other."""

from collections.abc import Collection, Sequence

from awed.auth.interface import IAuthenticator
from awed.model.access import User, Verb
from awed.model.errors import Unauthorized, Unavailable, UnknownCredentials


class Authenticators:
    """Finds out who asks.

    *anonymous*: what those may do who do not say who they are. *admins*: names of users with all rights.
    """

    def __init__(
        self, methods: Sequence[IAuthenticator], anonymous: Collection[Verb], admins: Collection[str] = ()
    ) -> None:
        self._methods = methods
        self._anonymous = frozenset(anonymous)
        self.admins = admins

    async def user(self, header: str | None, verb: Verb, *, address: str = "", workers: bool = False) -> User:
        """The user of an Authorization *header*; without one the public, if *verb* is free to it.

        *address*: where the request comes from. *workers*: the token of a client group will do.

        Raises :class:`~awed.model.errors.Unauthorized`, or :class:`~awed.model.errors.Unavailable` if nobody knows
        the user and somebody could not be asked.
        """
        if header is None:
            if verb not in self._anonymous:
                raise Unauthorized("No Authorization")
            return User()
        user = await self._known(header, address)
        if user is None or (user.group and not workers):
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
