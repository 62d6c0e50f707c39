"""How secrets are kept and compared."""

import hashlib
import hmac

SECRET_SCHEMES = frozenset({"bearer", "oauth", "admin"})
"""Words that introduce a token of this server, in lower case."""


def token_hash(token: str) -> str:
    """What is stored of a token, hex. Tokens are 256 random bits, so there is nothing to guess from it."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


def same(one: str, other: str) -> bool:
    """Whether two hashes are equal, in a time that does not tell where they differ."""
    return hmac.compare_digest(one, other)
