"""The session that a request comes with: the one cookie there is."""

from twisted.web.iweb import IRequest

from awed.api.context import Context
from awed.auth.sessions import LASTS, SCHEME
from awed.web.params import header

_SAFE = (b"GET", b"HEAD")


def session_token(context: Context, request: IRequest) -> str:
    """The secret of the session, "" if there is none. It may be over."""
    name = _name(context)
    for pair in (header(request, b"cookie") or "").split(";"):
        key, _, value = pair.strip().partition("=")
        if key == name:
            return value
    return ""


def session_authorization(context: Context, request: IRequest) -> str | None:
    """What the session of a request that changes nothing says of who makes it, as the header Authorization would. A
    browser sends the cookie along without being asked: what changes something says it on its own."""
    token = session_token(context, request) if request.method in _SAFE else ""
    return f"{SCHEME} {token}" if token else None


def set_session(context: Context, request: IRequest, token: str) -> None:
    """Let the browser keep the secret of a session; "": forget it."""
    lasts = int(LASTS.total_seconds()) if token else 0
    parts = [f"{_name(context)}={token}", "Path=/", f"Max-Age={lasts}", "HttpOnly", "SameSite=Strict"]
    if context.hosts.base(request).startswith("https:"):
        parts.append("Secure")
    request.responseHeaders.addRawHeader("Set-Cookie", "; ".join(parts))


def _name(context: Context) -> str:
    """Of the cookie. Servers on other ports of this host have others, for cookies know no ports."""
    return f"awed-{context.engine.server_uuid[:8]}"
