"""For those who watch the daemon: ``/metrics``, ``/health`` and ``/ready``."""

from collections.abc import Awaitable, Callable

from awed.api.context import Context
from awed.web.body import AwedRequest
from awed.web.envelope import answer
from awed.web.errors import new_app

Page = Callable[[], Awaitable[bytes]]
"""Makes the page that Prometheus reads."""

TEXT_FORMAT = b"text/plain; version=0.0.4; charset=utf-8"


class MetricsResource:
    """What Prometheus reads."""

    app = new_app()

    def __init__(self, context: Context, page: Page) -> None:
        self._context = context
        self._page = page

    @app.route("/", methods=["GET"])
    async def show(self, request: AwedRequest) -> bytes:
        """Numbers about jobs, work, workers, requests and the store, in Prometheus' text format."""
        await self._context.user(request, "read")
        page = await self._page()
        request.responseHeaders.setRawHeaders(b"Content-Type", [TEXT_FORMAT])
        request.responseHeaders.setRawHeaders(b"Content-Length", [b"%d" % len(page)])
        return page


class HealthResource:
    """Whether the daemon lives. Anybody may ask."""

    app = new_app()

    @app.route("/", methods=["GET"])
    async def show(self, request: AwedRequest) -> bytes:
        """That the daemon answers requests, whatever becomes of them."""
        return answer(request, "ok")


class ReadyResource:
    """Whether the daemon can do its work. Anybody may ask."""

    app = new_app()

    def __init__(self, context: Context) -> None:
        self._engine = context.engine

    @app.route("/", methods=["GET"])
    async def show(self, request: AwedRequest) -> bytes:
        """That the store can be reached and is this daemon's to write; 503 with the reasons, if not."""
        await self._engine.require_ready()
        return answer(request, "ready")
