"""The pages to log in and out."""

import base64
import re

from twisted.web.iweb import IRequest
from twisted.web.template import tags

from awed.api.context import Context
from awed.api.rights import ANYONE
from awed.api.sessions import session_token, set_session
from awed.auth.identity import DEFAULT_SCHEME
from awed.auth.sessions import SCHEME
from awed.model.access import User
from awed.model.errors import Invalid, Unauthorized, UnknownCredentials
from awed.ui.frame import Links, Pages, Screen, meant
from awed.web.arguments import Rest
from awed.web.calls import Call, Calls
from awed.web.form import Form
from awed.web.pages import see_other

_WITH_WORD = re.compile(r"[A-Za-z-]{1,40} \S+")
"""A token with a scheme before it, as in the header Authorization."""


class LoginPages(Pages):
    """``/ui/login`` and ``/ui/logout``."""

    calls = Calls[Context]()

    @calls("GET /login", ANYONE)
    async def login(self, call: Call[None], *, others: Rest) -> bytes:
        """The login form."""
        form = self.login_form(call.request, Links(call.request), "")
        return await self.show(call, Screen("Log in", [tags.h1("Log in"), form]))

    @calls("POST /login", meant(ANYONE))
    async def log_in(self, call: Call[None]) -> bytes:
        """Begin a session for a token, or a name and password."""
        request, form = call.request, await call.request.form()
        links, then = Links(request), form.text("then") or ""
        try:
            user = await self._user(request, form)
        except (Invalid, Unauthorized) as error:
            told = "Nobody here has this token or password." if isinstance(error, UnknownCredentials) else str(error)
            content = [tags.h1("Log in"), tags.p(told, role="alert"), self.login_form(request, links, then)]
            return await self.show(call, Screen("Log in", content, icon="failed"), 401)
        set_session(self.context, request, await self.context.sessions.begin(user))
        return see_other(request, links(then))

    @calls("POST /logout", meant(ANYONE))
    async def log_out(self, call: Call[None]) -> bytes:
        """End the session."""
        if token := session_token(self.context, call.request):
            await self.context.sessions.end(token)
        set_session(self.context, call.request, "")
        return see_other(call.request, Links(call.request)())

    async def _user(self, request: IRequest, form: Form) -> User:
        """The user by the token, or name and password, in *form*. Raises :class:`Unauthorized`; :class:`Invalid` if
        all fields are empty."""
        token, name, password = ((form.text(field) or "").strip() for field in ("token", "name", "password"))
        if name and not token:
            said = ["basic " + base64.b64encode(f"{name}:{password}".encode()).decode()]
        elif _WITH_WORD.fullmatch(token) and not token.lower().startswith(f"{SCHEME} "):  # no session makes another
            said = [token]
        elif token:
            said = [f"bearer {token}", *([f"{DEFAULT_SCHEME} {token}"] if self.context.about.auth else [])]
        else:
            raise Invalid("Give a token, or a name and a password.")
        peer = self.context.hosts.peer(request)
        for number, authorization in enumerate(said, 1):
            try:
                return await self.context.authenticators.user(authorization, "read", address=peer)
            except UnknownCredentials:
                if number == len(said):
                    raise
        raise UnknownCredentials
