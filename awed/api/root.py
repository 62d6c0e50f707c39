"""``GET /``: what this server is. The one answer without an envelope."""

from datetime import timedelta

from msgspec import Struct

from awed import __version__
from awed.api.context import Context
from awed.api.job_query import DISTINCT_FIELDS
from awed.model.times import rfc3339
from awed.web.body import AwedRequest
from awed.web.envelope import send_json
from awed.web.errors import new_app


class Permissions(Struct, frozen=True):
    """What those may do who do not say who they are."""

    read: bool = True
    write: bool = True
    delete: bool = True


class About(Struct, frozen=True):
    """What the configuration says of this server. *auth*: the words that introduce a token."""

    title: str = "AWE Server"
    contact: str = ""
    auth: list[str] = []
    anonymous: Permissions = Permissions()


class FrontPage(Struct):
    """The answer, key by key."""

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


class RootResource:
    """The front page."""

    app = new_app()

    def __init__(self, context: Context, about: About, resources: list[str]) -> None:
        """*resources*: the names of the collections there are."""
        self._context = context
        self._about = about
        self._resources = resources
        self._started = context.now()

    @app.route("/", methods=["GET"])
    async def show(self, request: AwedRequest) -> bytes:
        """What this server is."""
        now = self._context.now()
        engine = self._context.engine
        page = FrontPage(
            resources=self._resources,
            info_indexes=DISTINCT_FIELDS,
            url=f"{self._context.hosts.base(request)}/",
            title=self._about.title,
            contact=self._about.contact,
            id="AWE",
            auth=self._about.auth,
            anonymous_permissions=self._about.anonymous,
            type="server",
            queue_status="suspended" if engine.queue.is_suspended else "running",
            version=__version__,
            server_time=rfc3339(now.replace(microsecond=0)),
            uptime=_duration(now - self._started),
            uuid=engine.server_uuid,
        )
        return send_json(request, page)


def _duration(span: timedelta) -> str:
    """A span of time as ``1h2m3s``."""
    minutes, seconds = divmod(int(span.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes}m{seconds}s"
