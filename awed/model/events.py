"""Events, and the codes of the original AWE for them. The words for the codes are the original's, slips included."""

from datetime import datetime

from msgspec import Struct

EVENTS: dict[str, dict[str, str]] = {
    "general": {
        "CA": "client automatically re-registered",
        "CR": "client registered (for the first time)",
        "CU": "client unregistered",
        "W!": "workunit failed running (not recoverable)",
        "WC": "workunit checkout",
        "WF": "workunit fails running",
    },
    "server": {
        "DL": "debug level changed",
        "JD": "job done (all the tasks in the job have finished)",
        "JE": "job expired",
        "JF": "job failed permanently",
        "JI": "job imported",
        "JL": "job deleted",
        "JP": "job suspended",
        "JQ": "job submitted",
        "JR": "job removed form mongodb (deleted fully)",
        "QR": "awe-server queue resumed if suspended",
        "QS": "awe-server queue suspended, not handing out work",
        "SR": "awe-server start with recover option  (-recover)",
        "SS": "awe-server start",
        "TD": "task done (all the workunits in the task have finished)",
        "TQ": "task parsed and enqueue",
        "TS": "task skipped (skip option > 0)",
        "WD": "workunit received successful feedback from client",
        "WP": "workunit suspend after failing for conf.Max_Failure times",
        "WR": "workunit requeue after receive failed feedback from client",
    },
    "client": {
        "AI": "start fetching input attributes from shock",
        "AR": "finish fetching input attributes from shock",
        "FD": "finish pushing output file to shock",
        "FI": "start fetching input file from shock",
        "FO": "start pushing output file to shock",
        "FR": "finish fetching input file from shock",
        "PE": "workunit command finish running",
        "PI": "start fetching predata file from url",
        "PR": "predata file is available",
        "PS": "workunit command start running",
        "WE": "workunit command finish running",
        "WI": "workunit discarded after receiving discard signal from server",
        "WR": "send back failed workunit to server",
        "WS": "workunit command start running",
    },
    "proxy": {
        "WQ": "workunit queued at proxy",
    },
}
"""The original's codes and their meaning, grouped as ``GET /logger?event`` answers them."""

OWN_EVENTS = {"TW": "task waits for a data host that does not answer"}
"""Codes that awed added. ``GET /logger?event`` lists the original's only, as programs expect."""

WORDS = {code: words for group in ("client", "general", "server") for code, words in EVENTS[group].items()}
WORDS |= OWN_EVENTS
"""What each code means that the event log may have. (Of codes in several groups, those of the server count.)"""


class Event(Struct, frozen=True):
    """Something that happened. *code*: two letters, a key of WORDS. *ids*: the kind of thing and the id of each."""

    code: str
    time: datetime
    ids: dict[str, str] = {}
    text: str = ""
