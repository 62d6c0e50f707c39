"""``/logger``: what the codes of events mean, and how much is logged."""

from typing import Protocol

from awed.api.context import Context
from awed.model.errors import Invalid
from awed.model.events import EVENTS
from awed.web.body import AwedRequest
from awed.web.envelope import answer
from awed.web.errors import new_app
from awed.web.params import params_of

LEVELS = ("0", "1", "2", "3")


class DebugLevel(Protocol):
    """How much detail is logged, from 0 (none) to 3."""

    level: int

    def set_level(self, level: int) -> None:
        """Log so much from now on."""


class LoggerResource:
    """The log's settings."""

    app = new_app()

    def __init__(self, context: Context, debug: DebugLevel) -> None:
        self._context = context
        self._debug = debug

    @app.route("/", methods=["GET"])
    async def show(self, request: AwedRequest) -> bytes:
        """What the codes of events mean, or the debug level."""
        await self._context.user(request, "read")
        params = params_of(request)
        if "event" in params:
            return answer(request, EVENTS)
        if "debug" in params:
            return answer(request, {"debuglevel": self._debug.level})
        raise Invalid("requested logger operation not supported")

    @app.route("/", methods=["PUT"])
    async def change(self, request: AwedRequest) -> bytes:
        """Set the debug level; for admins."""
        await self._context.admin(request)
        params = params_of(request)
        if "debug" not in params:
            raise Invalid("requested logger operation not supported")
        self._debug.set_level(int(params.choice("debug", LEVELS, "")))
        return answer(request, {"debuglevel": self._debug.level})
