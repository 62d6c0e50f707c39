"""What a worker says of itself when it registers, and of its work when it beats: read, and checked."""

from collections.abc import Callable
from datetime import datetime

from msgspec import structs

from awed.model.client import Client
from awed.model.errors import Invalid
from awed.model.ids import parse_work_id
from awed.model.resources import amount_of
from awed.wire.clients import CurrentWork, HeartbeatBody, Profile
from awed.workflow.decoding import decode
from awed.workflow.faults import Faults, quoted
from awed.workflow.names import is_name
from awed.workflow.values import LARGEST, check_number, check_resources

MOST_SLOTS = 10_000


def read_profile(body: bytes, *, now: datetime, new_id: Callable[[], str]) -> tuple[Client, list[str]]:
    """The client that *body* describes, registered *now*, and the ids of the workunits that it says it holds.

    *new_id* makes the client's id if it has none. Raises :class:`~awed.model.errors.Invalid` naming wrong keys.
    """
    faults = Faults()
    profile = decode(body, Profile, faults)
    _check(profile, faults)
    faults.refuse_any()
    fields = structs.asdict(profile)
    held = _held(fields.pop("current_work"))
    fields["id"] = profile.id or new_id()
    said = fields.pop("resources")
    offers = None if said is None else {name: amount_of(name, amount) for name, amount in said.items()}
    return Client(**fields, regtime=now, offers=offers), held


def read_heartbeat(body: bytes) -> list[str] | None:
    """The ids of the workunits that a worker says in a heartbeat's *body* it holds, None if it does not say that.
    Raises Invalid like above."""
    faults = Faults()
    beat = decode(body, HeartbeatBody, faults)
    faults.refuse_any()
    return None if beat.current_work is None else _held(beat.current_work)


def _check(profile: Profile, faults: Faults) -> None:
    if profile.id and not is_name(profile.id):
        faults.at(("id",), f"{quoted(profile.id)} must have at most 100 characters and no blanks or slashes")
    for name in ("cores", "total_checkout", "total_completed", "total_failed", "subclients"):
        check_number(getattr(profile, name), 0, LARGEST, (name,), faults)
    check_number(profile.slots, 1, MOST_SLOTS, ("slots",), faults)
    check_resources(profile.resources or {}, ("resources",), faults)


def _held(work: CurrentWork) -> list[str]:
    data = work.get("data")
    named = data if isinstance(data, list) else [wuid for wuid, held in work.items() if held is True]
    return [wuid for text in named if (wuid := _plain(text))]


def _plain(text: str) -> str | None:
    """A workunit's id without its wrapping. What is no id is nobody's work, and no reason to turn a worker away."""
    try:
        return str(parse_work_id(text))
    except Invalid:
        return None
