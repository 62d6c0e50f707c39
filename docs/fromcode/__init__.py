"""A Sphinx extension: the parts of the reference that are made from the code, and thus are always what it does."""

from typing import Any

from sphinx.application import Sphinx

from fromcode.calls import Calls
from fromcode.commands import AweCommands, DaemonOptions, WorkerOptions
from fromcode.documents import Fields
from fromcode.events import EventCodes
from fromcode.metrics import Metrics
from fromcode.settings import Settings

DIRECTIVES = {
    "awed-calls": Calls,
    "awed-commands": AweCommands,
    "awed-daemon-options": DaemonOptions,
    "awed-events": EventCodes,
    "awed-fields": Fields,
    "awed-metrics": Metrics,
    "awed-settings": Settings,
    "awed-worker-options": WorkerOptions,
}


def setup(app: Sphinx) -> dict[str, Any]:
    """Make the directives known."""
    for name, directive in DIRECTIVES.items():
        app.add_directive(name, directive)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
