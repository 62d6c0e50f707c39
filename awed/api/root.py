"""``GET /``: the description of this server, without an envelope."""

from datetime import timedelta
from typing import Annotated

from msgspec import Struct

from awed import __version__
from awed.api.context import Context, Permissions, Resource
from awed.api.job_query import DISTINCT_FIELDS
from awed.api.rights import ANYONE
from awed.model.times import rfc3339
from awed.web.calls import Call, Calls
from awed.web.pages import prefers_html, see_other
from awed.web.params import header
from awed.web.traits import Traits, bare

PAGE = "ui"
"""The name of the collection with the page for people; the server may lack it."""


class FrontPage(Struct):
    """The answer to ``GET /``."""

    resources: list[str]
    info_indexes: tuple[str, ...]
    url: str
    title: str
    contact: str
    id: str
    auth: list[str]
    anonymous_permissions: Permissions
    type: str
    queue_status: str
    version: str
    server_time: str
    uptime: str
    uuid: str


class RootResource(Resource):
    """The front page."""

    calls = Calls[Context]()
    traits = Traits(wrap=bare)
    is_listed = False

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._started = context.now()

    @calls("GET /", ANYONE)
    async def show(self, call: Call[None]) -> FrontPage | Annotated[bytes, "text/html"]:
        """The description of this server. Browsers (text/html first in Accept) are redirected to the page for
        people."""
        if PAGE in self.context.collections:
            call.request.responseHeaders.setRawHeaders("Vary", ["Accept"])
            if prefers_html(header(call.request, b"accept") or ""):
                return see_other(call.request, f"{PAGE}/")
        now, about = self.context.now(), self.context.about
        return FrontPage(
            resources=[name for name, kind in self.context.collections.items() if kind.is_listed],
            info_indexes=DISTINCT_FIELDS,
            url=f"{self.context.hosts.base(call.request)}/",
            title=about.title,
            contact=about.contact,
            id="AWE",
            auth=about.auth,
            anonymous_permissions=about.anonymous,
            type="server",
            queue_status="suspended" if self.engine.queue.is_suspended else "running",
            version=__version__,
            server_time=rfc3339(now.replace(microsecond=0)),
            uptime=_duration(now - self._started),
            uuid=self.engine.server_uuid,
        )


def _duration(span: timedelta) -> str:
    """A duration as ``1h2m3s``."""
    minutes, seconds = divmod(int(span.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes}m{seconds}s"
