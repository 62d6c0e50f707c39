"""What travels in headers: who asks, and secrets of a workunit, which stand in no document."""

import re
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

_TOKENS = ("Datatoken", "Nodehost", "Nodetoken", "Datahosts")
_PRIVATEENV = "Privateenv"
_VISIBLE = re.compile("[ -~]*")


def authorization(token: str, scheme: str) -> str:
    """The value of ``Authorization`` for a token; one that names its scheme (``mgrast abc``) stands as it is.

    Raises :class:`ValueError`, which does not quote it, for what no header can hold.
    """
    token = token.strip()
    if not _VISIBLE.fullmatch(token):
        raise ValueError("expected one token, in one line of visible ASCII characters")
    return token if not token or " " in token else f"{scheme} {token}"


class Tokens(NamedTuple):
    """How a workunit's files are reached: by *own* at the server's own node store *host*, by *data* elsewhere.

    *hosts*: the data hosts that may see *data*, separated by commas; ``*`` for all, also where an older server does
    not say.
    """

    data: str = ""
    host: str = ""
    own: str = ""
    hosts: str = "*"

    def at(self, host: str) -> str:
        """The token for a data host, "" for none."""
        if self.own and host == self.host:
            return self.own
        return self.data if self.hosts == "*" or host in self.hosts.split(",") else ""

    def headers(self) -> dict[str, str]:
        """The headers that tell them."""
        return dict(zip(_TOKENS, self, strict=True))

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> "Tokens":
        """What *headers*, whose names are in lower case, tell."""
        found = {field: headers.get(name.lower()) for field, name in zip(cls._fields, _TOKENS, strict=True)}
        return cls(**{field: value for field, value in found.items() if value is not None})


def environ_headers(environ: Mapping[str, str]) -> dict[str, str]:
    """The header that tells the private variables of a command."""
    return {_PRIVATEENV: msgspec.json.encode(environ).decode()}


def environ_of(headers: Mapping[str, str]) -> dict[str, str]:
    """The same, read. Raises :class:`msgspec.DecodeError` if it is nothing of the kind."""
    header = headers.get(_PRIVATEENV.lower())
    return msgspec.json.decode(header, type=dict[str, str]) if header else {}
