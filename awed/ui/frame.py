"""What all pages share: the frame around their content, headers, forms, the login form, and error pages."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from msgspec import Struct
from twisted.web.iweb import IRequest
from twisted.web.template import Tag, flattenString, tags

from awed.api.context import Context, Resource
from awed.api.rights import ANYONE
from awed.api.sessions import authorization_of, session_token
from awed.model.access import PUBLIC, User
from awed.model.errors import Unauthorized
from awed.ui import assets
from awed.web.calls import Asked, Call, Calls, Right, T
from awed.web.pages import send_html
from awed.web.params import change_header, header
from awed.web.traits import Traits

_POLICY = "; ".join(
    [
        "default-src 'none'",
        *(f"{kind}-src 'self'" for kind in ("script", "style", "img", "connect")),
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
)

_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "same-origin",
    "Vary": "Cookie",
}

_PAGES = (
    ("", "Jobs"),
    ("submit", "Submit"),
    ("workers", "Workers"),
    ("queue", "Queue"),
    ("farm", "Farm"),
    ("api", "API"),
)

REMEMBERED = timedelta(days=1)
"""How long it is remembered what workers ran."""

FORM_TOKEN = "form_token"  # noqa: S105
"""The hidden field that proves that a form comes from a page of this server."""

FORGED = "This form does not come from a page of this server that you have open: load the page again, and repeat it."


class Screen(Struct):
    """The title and content of a page.

    *icon*: the state whose icon the browser's tab shows. *here*: the entry of the menu to mark. *live*: the kind of
    events after which the script loads the page again, "" for none; *job*: the id of the job that they must be of.
    """

    title: str
    content: Sequence[Tag]
    icon: str = "awed"
    here: str = ""
    live: str = ""
    job: str = ""


class Links:
    """Makes addresses relative to the page of *request*, as a proxy may serve awed below any path."""

    def __init__(self, request: IRequest) -> None:
        _, _, below = request.path.lstrip(b"/").partition(b"/")
        self._up = "../" * below.count(b"/") or "./"

    def __call__(self, page: str = "") -> str:
        """The address of *page* below ``/ui/``, ``""`` for the list of jobs."""
        return self._up + page

    def api(self, path: str) -> str:
        """The address of *path* in the API."""
        return f"{self._up}../{path}"


def meant(right: Right[Context, T]) -> Right[Context, T]:
    """*right* for a call that changes something: it must come from a form of this server, which :data:`FORM_TOKEN`
    proves, or have a header Authorization. With the form, the session counts as that header.

    Without a session the token proves nothing: another site can read it in a login form of its own, and would log
    the browser's user in as somebody else. So the browser is asked as well.

    Raises :class:`~awed.model.errors.Unauthorized` for any other form.
    """

    async def grant(context: Context, asked: Asked) -> Call[T]:
        request = asked.request
        if header(request, b"authorization") is None:
            token = session_token(context, request)
            sealed = (await request.form()).text(FORM_TOKEN) == context.sessions.seal(token)
            if not sealed or context.hosts.is_from_elsewhere(request):
                raise Unauthorized(FORGED)
            if token:
                change_header(request, b"authorization", authorization_of(request, token).encode())
        return await right.grant(context, asked)

    async def admit(context: Context, asked: Asked) -> Call[T]:
        """Of who may send a large form: the right of the session, before the form can prove anything."""
        request, token = asked.request, session_token(context, asked.request)
        if header(request, b"authorization") is not None:
            return await right.grant(context, asked)
        if context.hosts.is_from_elsewhere(request):
            raise Unauthorized(FORGED)
        if not token:
            return await right.grant(context, asked)
        change_header(request, b"authorization", authorization_of(request, token).encode())
        try:
            return await right.grant(context, asked)
        finally:
            change_header(request, b"authorization", None)

    return Right(grant, right.query, right.everybodys, admit)


class Pages(Resource):
    """The base of all pages, which also serves the static files."""

    calls = Calls[Context]()
    is_listed = False

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.traits = Traits(body_limit=context.max_upload, answer_error=self._failed)
        self.runs = context.engine.events.runs(context.turns, REMEMBERED)

    @calls("GET /static/<digest>/<name>", ANYONE)
    async def static(self, call: Call[None], digest: str, name: str) -> bytes:
        """A static file."""
        asset = assets.asset(digest, name)
        headers = {
            "Content-Type": asset.type,
            "Content-Length": str(len(asset.body)),
            "Cache-Control": assets.FOR_EVER,
        }
        _set(call.request, headers)
        return asset.body

    async def show(self, call: Call[Any], screen: Screen, status: int = 200) -> bytes:
        """The answer with the page *screen*; 304 without a body if the browser has it already."""
        body = await flattenString(None, self._framed(call.request, call.user, screen))
        return _send(call.request, body, status)

    def sealed(self, request: IRequest) -> Tag:
        """The hidden field :data:`FORM_TOKEN`, which every form needs that changes something."""
        seal = self.context.sessions.seal(session_token(self.context, request))
        return tags.input(type="hidden", name=FORM_TOKEN, value=seal)

    def form(self, call: Call[Any], action: str, *content: Any, **attributes: str) -> Tag:
        """A form that changes something by a POST to the address *action*."""
        return tags.form(self.sealed(call.request), *content, action=action, method="post", **attributes)

    def login_form(self, request: IRequest, links: Links, then: str) -> Tag:
        """The login form; after it the browser is redirected to the page *then*."""
        return tags.form(
            self.sealed(request),
            tags.input(type="hidden", name="then", value=then),
            tags.label("Token", tags.input(type="password", name="token", autocomplete="off")),
            tags.p("or", class_="or"),
            tags.label("Name", tags.input(name="name", autocomplete="username")),
            tags.label("Password", tags.input(type="password", name="password", autocomplete="current-password")),
            tags.button("Log in", type="submit", class_="main"),
            action=links("login"),
            method="post",
            class_="card login",
        )

    def _framed(self, request: IRequest, user: User, screen: Screen) -> Tag:
        links = Links(request)
        title = self.context.about.title
        head = tags.head(
            tags.meta(charset="utf-8"),
            tags.title(f"{screen.title} · {title}"),
            tags.meta(name="viewport", content="width=device-width, initial-scale=1"),
            tags.link(rel="icon", href=links(assets.address(f"icon-{screen.icon}.svg")), type="image/svg+xml"),
            tags.link(rel="stylesheet", href=links(assets.address("awed.css"))),
            tags.script(src=links(assets.address("theme.js"))),
            tags.script(src=links(assets.address("awed.js")), type="module"),
        )
        attributes = {"data-events": links.api("events"), "data-live": screen.live, "data-job": screen.job}
        body = tags.body(
            tags.a("Skip to the content", href="#main", class_="skip"),
            self._top(request, user, screen.here, links),
            Tag("main")(*screen.content, id="main"),
            **{name: value for name, value in attributes.items() if value},
        )
        return tags.html(head, body, lang="en")

    def _top(self, request: IRequest, user: User, here: str, links: Links) -> Tag:
        entries = [
            tags.a(name, href=links(page), **({"aria-current": "page"} if name == here else {}))
            for page, name in _PAGES
        ]
        buttons = [
            tags.button(
                "◐", type="button", **{"data-theme-button": "", "aria-label": "Dark or light"}, class_="js-only"
            ),
            tags.button("?", type="button", **{"data-help-button": "", "aria-label": "Keys"}, class_="js-only"),
        ]
        if user.name == PUBLIC:
            who: Tag = tags.a("Log in", href=links("login"), class_="who")
        else:
            button = tags.button("Log out", type="submit")
            who = tags.form(
                tags.span(user.name),
                self.sealed(request),
                button,
                action=links("logout"),
                method="post",
                class_="who",
            )
        brand = tags.a("awed", href=links(), class_="brand", title=self.context.about.title)
        return tags.header(brand, tags.nav(*entries, **{"aria-label": "Pages"}), *buttons, who, class_="top")

    def _failed(self, request: IRequest, status: int, texts: Sequence[str]) -> bytes:
        """The answer to a request that was refused or failed.

        A browser sends no cookie when it follows a link on another site. It is then told to load the page again,
        which it does with the cookie.
        """
        links = Links(request)
        if status in (401, 404) and _from_elsewhere(request):
            again = tags.html(tags.head(tags.meta(**{"http-equiv": "refresh", "content": "0"})), lang="en")
            return _send(request, _flat(again), 200)
        told = [tags.p(text) for text in texts]
        content: list[Tag] = [tags.h1(_TITLES.get(status, "This did not work")), tags.div(*told, role="alert")]
        if status == 404:
            content.append(tags.p("It may be there for those who may see it. ", tags.a("All jobs", href=links())))
        if status == 401 or (status == 404 and not session_token(self.context, request)):
            content.append(self.login_form(request, links, _page_of(request)))
        body = _flat(self._framed(request, User(), Screen(_TITLES.get(status, "Error"), content, icon="failed")))
        return _send(request, body, status)


_TITLES = {401: "Who are you?", 404: "There is no such thing"}


def _from_elsewhere(request: IRequest) -> bool:
    """Whether a browser has followed a link on another site."""
    fetched = {name: header(request, f"sec-fetch-{name}".encode()) for name in ("site", "mode")}
    return request.method == b"GET" and fetched == {"site": "cross-site", "mode": "navigate"}


def _page_of(request: IRequest) -> str:
    """The page of a GET *request*, relative to ``/ui/``; "" for another method, or the login."""
    _, _, below = request.uri.decode("utf-8", "replace").lstrip("/").partition("/")
    return below if request.method == b"GET" and not below.startswith("login") else ""


def _flat(tag: Tag) -> bytes:
    """The HTML of *tag*, which must not contain a Deferred."""
    found: list[bytes] = []
    flattenString(None, tag).addCallback(found.append)
    return found[0]


def _send(request: IRequest, body: bytes, status: int) -> bytes:
    _set(request, _HEADERS)
    if not request.responseHeaders.hasHeader("Cache-Control"):
        _set(request, {"Cache-Control": "private, no-cache"})
    etag = f'"{hashlib.sha256(body).hexdigest()[:20]}"'
    if status == 200 and request.method != b"POST":
        _set(request, {"ETag": etag})
        if etag in (header(request, b"if-none-match") or ""):
            request.setResponseCode(304)
            return b""
    return send_html(request, b"<!doctype html>\n" + body, status)


def _set(request: IRequest, headers: Mapping[str, str]) -> None:
    for name, value in headers.items():
        request.responseHeaders.setRawHeaders(name, [value])


def hidden(fields: Mapping[str, str]) -> list[Tag]:
    """Hidden fields of a form, without those that are empty."""
    return [tags.input(type="hidden", name=name, value=value) for name, value in fields.items() if value]
