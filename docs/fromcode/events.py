"""``awed-events``: the codes of events, a table for each of those who let them happen."""

from collections.abc import Iterator

from awed.model.events import EVENTS, OWN_EVENTS
from fromcode.text import FromCode, code, table


class EventCodes(FromCode):
    """Argument: whose events."""

    required_arguments = 1

    def text(self) -> Iterator[str]:
        events = {**EVENTS, "own": OWN_EVENTS}[self.arguments[0]].items()
        yield table(("Code", "What happened"), ((code(name), words) for name, words in events), (1, 9))
