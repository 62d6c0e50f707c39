"""Reading of what workers send when they register and at heartbeats."""

from collections.abc import Callable
from datetime import datetime

from msgspec import structs

from awed.model.client import Client
from awed.model.errors import Invalid
from awed.model.ids import is_name, parse_work_id
from awed.model.resources import amount_of
from awed.wire.clients import CurrentWork, HeartbeatBody, Profile
from awed.workflow.decoding import decode
from awed.workflow.faults import Faults, quoted
from awed.workflow.values import LARGEST, check_number, check_resources

MOST_SLOTS = 10_000
"""Slots that a client may have."""


def read_profile(body: bytes, *, now: datetime, new_id: Callable[[], str]) -> tuple[Client, list[str]]:
    """The client with the profile *body*, registered *now*, and the ids of the workunits that the profile says it
    has.

    *new_id* makes the client's id if the profile has none. Raises :class:`~awed.model.errors.Invalid` with all
    faults.
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
    """The ids of the workunits that the worker has, according to the *body* of a heartbeat; None if it has no such
    list.

    Raises :class:`~awed.model.errors.Invalid` with all faults.
    """
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
    """A workunit's id in its plain form; None for what is no id, which is ignored and no reason for a refusal."""
    try:
        return str(parse_work_id(text))
    except Invalid:
        return None
