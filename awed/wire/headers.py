"""HTTP headers: the credentials of a caller, the secrets of a workunit, and the key of a submission."""

import re
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from awed.model.addresses import with_password
from awed.model.errors import Invalid
from awed.model.ids import WorkId, parse_work_id

_TOKENS = ("Datatoken", "Nodehost", "Nodetoken", "Datahosts")
_PASSWORDS = "Datapasswords"
_PRIVATEENV = "Privateenv"
_VISIBLE = re.compile("[ -~]*")
_NUMBER = re.compile("[0-9]{1,9}")
_KEY = re.compile("[!-~]{1,255}")

IDEMPOTENCY_KEY = "Idempotency-Key"
"""The request header with a key by which the server recognises a repeated request, and executes it once."""

REPLAYED = "Idempotency-Replayed"
"""The response header which says that the request was executed before."""


ATTEMPT = "Awe-Attempt"
"""The request header with the workunit, and the number of its attempt, for which a command makes the request."""


def attempt_told(work_id: str, attempt: str) -> str:
    """The value of :data:`ATTEMPT`."""
    return f"{work_id} {attempt}"


def attempt_of(text: str) -> tuple[WorkId, int]:
    """The workunit and the number in :data:`ATTEMPT`. Raises :class:`~awed.model.errors.Invalid`."""
    work_id, _, attempt = text.partition(" ")
    if not _NUMBER.fullmatch(attempt):
        raise Invalid(f"{ATTEMPT}: expected the id of a workunit and the number of its attempt, found: {text}")
    return parse_work_id(work_id), int(attempt)


def is_idempotency_key(text: str) -> bool:
    """Whether *text* can be the value of :data:`IDEMPOTENCY_KEY`: 1 to 255 visible ASCII characters."""
    return _KEY.fullmatch(text) is not None


def authorization(token: str, scheme: str) -> str:
    """The value of ``Authorization`` for *token*, with *scheme* before it unless it has one itself (``mgrast abc``).

    "" if *token* is blank. Raises :class:`ValueError`, whose text does not have the token, if no header can have it.
    """
    token = token.strip()
    if not _VISIBLE.fullmatch(token):
        raise ValueError("expected one token, in one line of visible ASCII characters")
    return token if not token or " " in token else f"{scheme} {token}"


class Tokens(NamedTuple):
    """The tokens for the files of a workunit: *own* for the server's own node store *host*, *data* for other hosts.

    *hosts*: the data hosts to which *data* may be sent, joined by commas; ``*`` for all, the default as servers of
    the original do not send it. *passwords*: of plain URLs, by the URL without the password.
    """

    data: str = ""
    host: str = ""
    own: str = ""
    hosts: str = "*"
    passwords: Mapping[str, str] = {}

    def url(self, url: str) -> str:
        """*url* with its password, if it has one."""
        return with_password(url, self.passwords[url]) if url in self.passwords else url

    def at(self, host: str) -> str:
        """The token for the data host *host*, "" if there is none."""
        if self.own and host == self.host:
            return self.own
        return self.data if self.hosts == "*" or host in self.hosts.split(",") else ""

    def headers(self) -> dict[str, str]:
        """The headers that carry them."""
        passwords = {_PASSWORDS: msgspec.json.encode(self.passwords).decode()} if self.passwords else {}
        return {**dict(zip(_TOKENS, self[:4], strict=True)), **passwords}

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> "Tokens":
        """The tokens in *headers*, whose names must be in lower case."""
        found = {field: headers.get(name.lower()) for field, name in zip(cls._fields[:4], _TOKENS, strict=True)}
        passwords = _texts(headers.get(_PASSWORDS.lower()))
        return cls(**{field: value for field, value in found.items() if value is not None}, passwords=passwords)


def environ_headers(environ: Mapping[str, str]) -> dict[str, str]:
    """The header that carries the private environment variables of a command."""
    return {_PRIVATEENV: msgspec.json.encode(environ).decode()}


def environ_of(headers: Mapping[str, str]) -> dict[str, str]:
    """The private environment variables in *headers*, whose names must be in lower case.

    Raises :class:`msgspec.DecodeError` if the header is no JSON object of texts.
    """
    return _texts(headers.get(_PRIVATEENV.lower()))


def _texts(header: str | None) -> dict[str, str]:
    return msgspec.json.decode(header, type=dict[str, str]) if header else {}
