"""A browser of sorts: it keeps the cookie, and sends forms as they stand on the page."""

import re
from collections.abc import Mapping
from html import unescape
from urllib.parse import urlencode

from tests.unit.api.served import Served
from tests.unit.web.wire import Reply

_FIELD = re.compile(r'<input type="hidden" name="form_token" value="(\w+)"')


class Browser:
    """Somebody who looks at pages."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.cookie = ""

    def get(self, path: str, **headers: str) -> Reply:
        """Ask for a page."""
        return self._call("GET", path, b"", headers)

    def post(self, path: str, fields: Mapping[str, str], seal: str | None = None, **headers: str) -> Reply:
        """Send a form of the list of jobs. *seal*: another one than it has."""
        token = self.seal() if seal is None else seal
        body = urlencode({**fields, "form_token": token}).encode()
        return self._call("POST", path, body, {"Content-Type": "application/x-www-form-urlencoded", **headers})

    def api(self, method: str, path: str, headers: Mapping[str, str]) -> Reply:
        """Make a call of the API, as a script does."""
        return self._call(method, path, b"", headers)

    def seal(self) -> str:
        """What the forms on a page carry."""
        found = _FIELD.search(self.get("/ui/login").body.decode())
        assert found
        return found[1]

    def log_in(self, **fields: str) -> Reply:
        """Say who one is."""
        return self.post("/ui/login", fields)

    def _call(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.cookie:
            named["Cookie"] = f"other=1; {self.cookie}"
        reply = self.served.call(method, path, body=body, headers=named)
        if cookie := reply.headers.get("Set-Cookie"):
            self.cookie = cookie.partition(";")[0] if "Max-Age=0" not in cookie else ""
        return reply


def text(reply: Reply) -> str:
    """A page, in which texts stand as people read them."""
    return unescape(reply.body.decode())
