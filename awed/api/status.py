"""``/metrics``, ``/health`` and ``/ready``, for monitoring."""

from typing import Annotated

from awed.api.context import Context, Resource
from awed.api.rights import ANYONE, METRICS
from awed.web.calls import Call, Calls

TEXT_FORMAT = b"text/plain; version=0.0.4; charset=utf-8"


class MetricsResource(Resource):
    """Metrics for Prometheus."""

    calls = Calls[Context]()
    is_listed = False

    @calls("GET /", METRICS)
    async def show(self, call: Call[None]) -> Annotated[bytes, "text/plain"]:
        """Numbers about jobs, work, workers, requests and the store, in Prometheus' text format."""
        page = await self.context.metrics(call.user)
        call.request.responseHeaders.setRawHeaders(b"Content-Type", [TEXT_FORMAT])
        call.request.responseHeaders.setRawHeaders(b"Content-Length", [b"%d" % len(page)])
        return page


class HealthResource(Resource):
    """Whether the daemon answers. Needs no right."""

    calls = Calls[Context]()
    is_listed = False

    @calls("GET /", ANYONE)
    async def show(self, call: Call[None]) -> str:
        """The daemon answers requests, even if it cannot do what they ask for."""
        return "ok"


class ReadyResource(Resource):
    """Whether the daemon can do its work. Needs no right."""

    calls = Calls[Context]()
    is_listed = False

    @calls("GET /", ANYONE)
    async def show(self, call: Call[None]) -> str:
        """The store answers and this daemon may write to it; 503 with the reasons, if not."""
        await self.engine.require_ready()
        return "ready"
