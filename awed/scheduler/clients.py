"""The verbs for clients: registration, heartbeats, suspension, and requeueing the work of those that are lost."""

from collections.abc import Container, Iterable, Set
from datetime import datetime

from msgspec import structs

from awed.model.attempts import Cause
from awed.model.client import Client
from awed.model.errors import ClientNotFound, Invalid
from awed.model.feed import REMOVED
from awed.model.ids import parse_work_id
from awed.model.states import ClientState, WorkState
from awed.model.times import Moment
from awed.scheduler.client_entry import ClientEntry
from awed.scheduler.failures import Failures
from awed.scheduler.requirements import Wanted
from awed.scheduler.state import State
from awed.scheduler.tellings import client_change

_KEPT = (
    *("regtime", "lastcompleted", "total_checkout", "total_completed", "total_failed", "skip_work"),
    *("status", "suspend_reason", "suspended_until"),
)
"""The fields that a client keeps when it registers again, whatever its profile says."""

IDLE_ASKS = 120.0
"""Seconds within which a client without work asks for some, if it can run any."""


class Clients:
    """The verbs for clients."""

    def __init__(self, state: State, failures: Failures) -> None:
        self._state = state
        self._failures = failures

    def register(self, profile: Client, current_work: Iterable[str], now: Moment) -> Client:
        """Register a worker. *current_work*: ids of the workunits that it still has; it keeps those.

        Other workunits that it had are queued again.
        """
        known = self._state.clients.get(profile.id)
        self._state.event("CR" if known is None else "CA", now, clientid=profile.id, group=profile.group)
        entry = self._new(profile, now) if known is None else self._again(known, profile, now)
        keep = set(current_work)
        for wuid in entry.held.keys() - keep:
            self._requeue(entry, wuid, now, Cause.LOST)
        self._reclaim(entry, keep, now)
        return self.view(entry, now)

    def _new(self, profile: Client, now: Moment) -> ClientEntry:
        profile.status = ClientState.IDLE
        profile.regtime = now.time
        group = profile.group
        entry = ClientEntry(profile, self._state.besides(group), self._state.shares.group(group), now.seconds)
        self.hold(entry)
        self._state.changes.client(profile)
        self._state.changes.state(client_change(profile, profile.status))
        return entry

    def _again(self, entry: ClientEntry, profile: Client, now: Moment) -> ClientEntry:
        kept = {name: getattr(entry.client, name) for name in _KEPT}
        besides, share = self._state.besides(profile.group), self._state.shares.group(profile.group)
        entry.introduce(structs.replace(profile, **kept), besides, share)
        entry.confirmed = True
        entry.last_ask = now.seconds
        self._touch(entry, now)
        self._state.changes.client(entry.client)
        return entry

    def hold(self, entry: ClientEntry) -> None:
        """Add a client and count it."""
        self._state.clients[entry.client.id] = entry
        self._state.counts.clients[entry.client.status] += 1
        if entry.is_aside:
            self._state.aside[entry.client.id] = entry

    def set_group(self, name: str, besides: frozenset[str] | None) -> list[str]:
        """Set which work clients of group *name* get *besides* work that names it; see :meth:`Kind.of`.

        None for a group that is deleted: then they get what clients of unknown groups get. Returns the ids of the
        clients for which that makes a difference.
        """
        if besides is None:
            self._state.groups.pop(name, None)
        else:
            self._state.groups[name] = besides
        changed = []
        for entry in self._state.clients.values():
            if entry.client.group == name:
                before = entry.kind
                entry.introduce(entry.client, self._state.besides(name), entry.share)
                if entry.kind != before:
                    changed.append(entry.client.id)
        return changed

    def get(self, client_id: str) -> ClientEntry:
        """The entry of a client. Raises :class:`~awed.model.errors.ClientNotFound`."""
        entry = self._state.clients.get(client_id)
        if entry is None:
            raise ClientNotFound
        return entry

    def seen(self, client_id: str, now: Moment) -> ClientEntry:
        """Note a sign of life of the client, from which its silence is counted. Raises
        :class:`~awed.model.errors.ClientNotFound`."""
        entry = self.get(client_id)
        self._touch(entry, now)
        return entry

    def _touch(self, entry: ClientEntry, now: Moment) -> None:
        entry.last_seen = now.seconds
        self._state.clients.move_to_end(entry.client.id)

    def heartbeat(self, client_id: str, current_work: Iterable[str] | None, now: Moment) -> list[str]:
        """Take a heartbeat. *current_work*: ids of the workunits that the client has, None if it did not say.

        Returns the ids of workunits that the client is to end: those that were taken from it, and those that it names
        but should not have. Workunits that it should have but does not name are queued again, unless they were
        checked out so recently that the answer may still be on its way. Workunits that it names and that were taken
        from it while it was silent are given back to it, unless another client has them.

        Raises :class:`~awed.model.errors.ClientNotFound` also after a restart of the server, so that the client
        registers and says what it has.
        """
        entry = self.seen(client_id, now)
        if not entry.confirmed:
            raise ClientNotFound
        if current_work is not None:
            runs = frozenset(current_work)
            entry.asks_ahead = True
            self._requeue_lost(entry, runs, now)
            self._reclaim(entry, runs, now)
            entry.discards = runs - entry.held.keys()
        return sorted(entry.discards)

    def doubt(self, entry: ClientEntry, now: Moment) -> bool:
        """For a client that asks for work while its slots are full: queue its workunit again if it cannot have it.

        Workers of the original do not name their work in heartbeats, and ask for work only when they have none. So if
        one that has been handed a workunit longer ago than the heartbeat limit asks, the answer was lost. Returns
        whether that is so.
        """
        only_one = len(entry.held) == entry.client.slots == 1
        if not only_one or entry.client.proxy or entry.asks_ahead:
            return False
        lost = self._requeue_lost(entry, (), now)
        entry.doubted |= lost
        return bool(lost)

    def _requeue_lost(self, entry: ClientEntry, runs: Container[str], now: Moment) -> set[str]:
        """Queue again what the client should have but does not run, but for recent checkouts. Returns the ids."""
        latest = now.seconds - self._state.limits.heartbeat
        lost = {wuid for wuid, held in entry.held.items() if wuid not in runs and held.since < latest}
        for wuid in lost:
            self._requeue(entry, wuid, now, Cause.LOST)
        return lost

    def _reclaim(self, entry: ClientEntry, runs: Set[str], now: Moment) -> None:
        """Give back to the client the workunits that it runs, were taken from it, and no other client has."""
        if entry.client.status is ClientState.SUSPEND and not entry.is_aside:
            return
        for wuid in runs - entry.held.keys():
            task, record = self._state.find_work(parse_work_id(wuid)) or (None, None)
            if task is not None and record is not None and record.client == entry.client.id:
                place = task.place_of(record)
                if place is not None:
                    self._state.went_out(task, place, record, now)

    def any_fits(self, wanted: Wanted, disk: int, now: Moment) -> bool:
        """Whether a client may get such work with *disk* bytes of inputs sooner or later.

        It must not be suspended, must have had enough free disk when it last asked, and must have work or keep asking
        for it.
        """
        latest = now.seconds - IDLE_ASKS
        for entry in self._state.clients.values():
            if entry.client.status is ClientState.SUSPEND or not (entry.held or entry.last_ask > latest):
                continue
            if wanted.fits(entry.offer(now).at_best(), disk):
                return True
        return False

    def suspend(self, client_id: str, now: Moment) -> None:
        """Suspend a client until :meth:`resume`. Its work is queued again, and it is told to end it.

        Raises :class:`~awed.model.errors.ClientNotFound`.
        """
        entry = self.get(client_id)
        self._take_back(entry, now, None, discard=True)
        self._state.suspend_client(entry, "manually suspended")

    def resume(self, client_id: str) -> None:
        """Give a suspended client work again, and forget its failures.

        Raises :class:`~awed.model.errors.ClientNotFound`, and :class:`~awed.model.errors.Invalid` if it is not
        suspended.
        """
        entry = self.get(client_id)
        if entry.client.status is not ClientState.SUSPEND:
            raise Invalid("Client not suspended")
        entry.absolve()
        self._state.resume_client(entry)

    def remove(self, client_id: str, now: Moment, cause: Cause | None = None) -> None:
        """Remove a client and queue its work again. *cause*: why, if it did not sign off itself.

        Raises :class:`~awed.model.errors.ClientNotFound`.
        """
        entry = self.get(client_id)
        self._take_back(entry, now, cause, discard=False)
        del self._state.clients[client_id]
        self._state.aside.pop(client_id, None)
        self._state.counts.clients[entry.client.status] -= 1
        self._state.changes.client_gone(client_id)
        self._state.changes.state(client_change(entry.client, REMOVED, cause))
        self._state.event("CU", now, clientid=client_id)

    def remove_lost(self, now: Moment) -> list[str]:
        """Remove the clients that have been silent for longer than the heartbeat limit. Returns their ids."""
        deadline = now.seconds - self._state.limits.heartbeat
        lost = []
        for client_id, entry in self._state.clients.items():
            if entry.last_seen >= deadline:
                break
            lost.append(client_id)
        for client_id in lost:
            self.remove(client_id, now, Cause.LOST)
        self._state.tally.clients_lost += len(lost)
        return lost

    def _take_back(self, entry: ClientEntry, now: Moment, cause: Cause | None, discard: bool) -> None:
        for wuid in list(entry.held):
            self._requeue(entry, wuid, now, cause)
            if discard:
                entry.discards |= {wuid}

    def _requeue(self, entry: ClientEntry, wuid: str, now: Moment, cause: Cause | None) -> None:
        if wuid not in entry.held:  # its job was suspended, as other work of it was lost too often
            return
        record = entry.held[wuid].record
        task = self._state.task(record.taskid)
        assert task is not None
        assert record.state is WorkState.CHECKOUT
        if cause is Cause.LOST:
            self._failures.lost(task, record, now)
        else:
            self._state.requeue(task, record, now, cause=cause)

    def all(self, now: Moment) -> list[Client]:
        """All clients, as they are shown."""
        return [self.view(entry, now) for entry in self._state.clients.values()]

    def silence(self, client_id: str, now: Moment) -> float:
        """Seconds since the client made its last request. Raises :class:`~awed.model.errors.ClientNotFound`."""
        return now.seconds - self.get(client_id).last_seen

    def view(self, entry: ClientEntry, now: Moment) -> Client:
        """The client as it is shown."""
        client = entry.client
        minutes = _seconds_since(client.regtime, now) // 60
        idle_since = max(client.lastcompleted, client.regtime)
        idle = client.status is ClientState.IDLE
        return structs.replace(
            client,
            serve_time=f"{minutes // 60}h{minutes % 60}m",
            idle_time=_seconds_since(idle_since, now) if idle else 0,
            current_work=dict.fromkeys(entry.held, True),
            offers=entry.offers,
            free=entry.free,
        )


def _seconds_since(begin: datetime, now: Moment) -> int:
    """Seconds by the wall clock, for views; 0 if the clock was set back since *begin*."""
    return max(0, int((now.time - begin).total_seconds()))
