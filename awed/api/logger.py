"""``/logger``: the codes of events, and the debug level."""

from typing import Literal

from awed.api.context import Context, Resource
from awed.api.rights import ADMIN, may
from awed.model.events import EVENTS
from awed.web.calls import Call, Calls
from awed.web.traits import Traits


class LoggerResource(Resource):
    """The codes of events, and the debug level of the log."""

    traits = Traits(no_operation={"PUT /": "requested logger operation not supported"})
    calls = Calls[Context]()

    @calls("GET /?event", may("read"))
    async def events(self, call: Call[None]) -> dict[str, dict[str, str]]:
        """The codes of events and their meaning."""
        return EVENTS

    @calls("GET /?debug", may("read"))
    async def level(self, call: Call[None]) -> dict[str, int]:
        """The debug level."""
        return {"debuglevel": self.context.debug.level}

    @calls("PUT /?debug", ADMIN)
    async def set_level(self, call: Call[None], *, debug: Literal["0", "1", "2", "3"]) -> dict[str, int]:
        """Set the debug level; for administrators."""
        self.context.debug.set_level(int(debug))
        return {"debuglevel": self.context.debug.level}
