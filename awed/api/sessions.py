"""The session of a request, by its cookie, the only one that awed sets."""

from twisted.web.iweb import IRequest

from awed.api.context import Context
from awed.auth.sessions import LASTS, SCHEME
from awed.auth.tokens import same
from awed.web.params import header

_SAFE = (b"GET", b"HEAD")

SEAL = b"awe-form-token"
"""The header in which the page's script sends the seal of the session."""


def session_token(context: Context, request: IRequest) -> str:
    """The secret in the cookie, "" if there is none. The session may have ended."""
    cookies = header(request, b"cookie")
    if cookies is None:
        return ""
    name = _name(context)
    for pair in cookies.split(";"):
        key, _, value = pair.strip().partition("=")
        if key == name:
            return value
    return ""


def session_authorization(context: Context, request: IRequest) -> str | None:
    """The header Authorization that stands for the cookie of a request; None without a cookie.

    A browser sends the cookie also with requests that other sites cause. So for other methods than GET and HEAD it
    counts only with the session's seal in the header :data:`SEAL`, which the pages of this server alone know.
    """
    token = session_token(context, request)
    if not token:
        return None
    is_meant = request.method in _SAFE or same(header(request, SEAL) or "", context.sessions.seal(token))
    return authorization_of(request, token) if is_meant else None


def authorization_of(request: IRequest, token: str) -> str:
    """The header Authorization for *token*, the secret of the session in which *request* is made.

    The browser keeps no copy of the answer, which would be there after the session has ended.
    """
    request.responseHeaders.setRawHeaders("Cache-Control", ["private, no-store"])
    return f"{SCHEME} {token}"


def set_session(context: Context, request: IRequest, token: str) -> None:
    """Let the browser keep *token*, the secret of a session; "": forget the secret."""
    lasts = int(LASTS.total_seconds()) if token else 0
    parts = [f"{_name(context)}={token}", "Path=/", f"Max-Age={lasts}", "HttpOnly", "SameSite=Strict"]
    if context.hosts.base(request).startswith("https:"):
        parts.append("Secure")
    request.responseHeaders.addRawHeader("Set-Cookie", "; ".join(parts))


def _name(context: Context) -> str:
    """The name of the cookie, different for each server on this host, as cookies are shared by all ports."""
    return f"awed-{context.engine.server_uuid[:8]}"
