"""Authentication of users by tokens of an identity server."""

from collections.abc import Collection, Mapping
from typing import Any, Protocol
from urllib.parse import quote, urlsplit

import msgspec
from treq.client import HTTPClient
from treq.content import collect
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent
from zope.interface import implementer

from awed.auth.interface import IAuthenticator
from awed.auth.tokens import token_hash
from awed.model.access import User, is_user_name
from awed.model.errors import Unavailable
from awed.tx.recent import Recent

TIME_LIMIT = 10.0
"""Seconds within which an identity server must have answered."""

SIZE_LIMIT = 65_536
"""Bytes that its answer may have."""

_TRY_LATER = (408, 429)


class IdentityServer(Protocol):
    """An identity server, which knows whose a token is."""

    async def name_of(self, token: str) -> str | None:
        """The name of the token's user, None if the server refuses the token.

        Raises :class:`~awed.model.errors.Unavailable` if the server does not answer.
        """


class IdentityHttp:
    """Requests to identity servers, with limits on time and size."""

    _log = Logger()

    def __init__(self, agent: IAgent, reactor: IReactorTime) -> None:
        self._agent = agent
        self._reactor = reactor

    async def ask(self, url: str, headers: Mapping[str, str]) -> Mapping[str, Any] | None:
        """The JSON object in the answer, None if the server refuses with a status of 4xx.

        Raises :class:`~awed.model.errors.Unavailable` for no answer, any other status or a malformed answer.
        """
        answer = Deferred.fromCoroutine(self._ask(url, headers))
        answer.addTimeout(TIME_LIMIT, self._reactor)
        try:
            return await answer
        except CancelledError:
            raise
        except Exception as error:  # whatever went wrong, the user is not authenticated
            host = urlsplit(url).hostname
            self._log.warn(
                "identity server {host}: {kind}: {error}", host=host, kind=type(error).__name__, error=error
            )
            raise Unavailable(f"the identity server {host} does not answer") from None

    async def _ask(self, url: str, headers: Mapping[str, str]) -> Mapping[str, Any] | None:
        client = HTTPClient(self._agent)  # a new one for each request, as it keeps the cookies of the last user
        fields = Headers({name: [value] for name, value in headers.items()})
        response = await client.get(url, headers=fields, allow_redirects=False, unbuffered=True)
        body = bytearray()

        def receive(data: bytes) -> None:
            body.extend(data)
            if len(body) > SIZE_LIMIT:
                raise ValueError(f"more than {SIZE_LIMIT} bytes")

        await collect(response, receive)
        # Redirects are not followed, as the token would be sent to another host.
        if 400 <= response.code < 500 and response.code not in _TRY_LATER:
            return None
        if response.code not in (200, 201):
            raise ValueError(f"status {response.code}")
        return msgspec.json.decode(bytes(body), type=dict[str, Any])


class UserInfo:
    """A server that answers at *url* with the user of a token: the name is at the first of *keys* that is there.

    The token is sent in *header*, after *prefix*. The defaults are those of OpenID Connect.
    """

    def __init__(
        self,
        http: IdentityHttp,
        url: str,
        header: str = "Authorization",
        prefix: str = "Bearer ",
        keys: tuple[str, ...] = ("preferred_username", "username", "login", "sub"),
    ) -> None:
        self._http = http
        self._url = url
        self._header = header
        self._prefix = prefix
        self._keys = keys

    async def name_of(self, token: str) -> str | None:
        answer = await self._http.ask(self._url, {self._header: self._prefix + token})
        return _name(answer, *self._keys)


def mgrast(http: IdentityHttp, url: str) -> UserInfo:
    """MG-RAST's server, at *url*, which takes the token in a header ``Auth``."""
    return UserInfo(http, url, "Auth", "", ("login",))


class Globus:
    """Globus Nexus: the user's profile is at *profile_url*, under the client id of the token.

    Tokens of the older form have the client id in them; for others *token_url* is asked.
    """

    def __init__(self, http: IdentityHttp, profile_url: str, token_url: str) -> None:
        self._http = http
        self._profile_url = profile_url.rstrip("/")
        self._token_url = token_url

    async def name_of(self, token: str) -> str | None:
        client_id = _client_id(token)
        if client_id is None:
            client_id = _name(await self._http.ask(self._token_url, {"X-Globus-Goauthtoken": token}), "client_id")
        if client_id is None:
            return None
        url = f"{self._profile_url}/{quote(client_id, safe='')}"
        return _name(await self._http.ask(url, {"Authorization": f"Globus-Goauthtoken {token}"}), "username")


def _client_id(token: str) -> str | None:
    """The client id in a token of the form ``un=...|client_id=...|...``, None if it has none."""
    fields = dict(field.partition("=")[::2] for field in token.split("|"))
    return fields.get("client_id") or None


def _name(answer: Mapping[str, Any] | None, *keys: str) -> str | None:
    values = (answer.get(key) for key in keys) if answer else ()
    return next((value for value in values if isinstance(value, str) and value), None)


GLOBUS_SCHEMES = frozenset({"globus-goauthtoken", "globus", "goauth"})
MGRAST_SCHEMES = frozenset({"mgrast"})
DEFAULT_SCHEME = "oauth"
"""The scheme of the first identity server that is configured, in addition to its own."""


@implementer(IAuthenticator)
class OAuthTokens:
    """Authenticates users by tokens of *server*, with one of *schemes* in Authorization.

    *names* caches the names by token. Refusals are not cached.
    """

    def __init__(self, server: IdentityServer, schemes: Collection[str], names: Recent[str]) -> None:
        self._server = server
        self._schemes = frozenset(schemes)
        self._names = names

    async def authenticate(self, scheme: str, credentials: str, address: str = "") -> User | None:
        if scheme not in self._schemes or not credentials:
            return None
        key = token_hash(credentials)
        name = self._names.get(key)
        if name is None:
            name = await self._server.name_of(credentials)
            if name is None or not is_user_name(name):
                return None
            self._names.put(key, name)
        return User(name)
