"""Hooks: sends events to the addresses that users have named, each until it arrives."""

import hashlib
import hmac
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import TypeVar

from msgspec import Struct, json
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger

from awed.model.access import User
from awed.model.errors import AwedError, Gone, NotFound, QuotaReached, StoreAway, Unavailable
from awed.model.feed import FeedEvent
from awed.model.hook import ENDS, DeliveryState, Hook, HookDelivery, HookState, Try
from awed.model.records import Batch, Commit
from awed.service.events import Choice, Cursor, EventVerbs, GroupAcl
from awed.store.interface import IStore
from awed.tx.locks import PerKey, to_the_end
from awed.tx.pauses import Pauses

MOST_OF_USER = 100
"""Hooks of one user, who is no administrator."""

MOST = 1000
"""Hooks in all."""

PAUSES = Pauses(1.0, 3600.0)
"""Seconds between the tries of a delivery."""

PATIENCE = 86400.0
"""Seconds from the first try of this daemon on after which a hook is dead."""

AT_ONCE = 4
"""Requests to hooks of one user that are under way at a time."""

SAVED = 600.0
"""Seconds without an event for a hook after which it is stored how far it has looked."""

KEPT = 20
"""Deliveries, and tries of each, of which a hook tells."""

T = TypeVar("T")

Post = Callable[[str, bytes, Mapping[str, str]], Awaitable[int]]
"""Sends a body with headers to a URL: the status of the answer. Raises any exception if there is none."""


class Payload(Struct):
    """What is sent."""

    delivery: str
    hook: str
    event: FeedEvent


def signature(secret: str, time: int, body: bytes) -> str:
    """The header that proves that a *body* comes from who knows the *secret*, and when it was sent (a Unix time)."""
    digest = hmac.new(secret.encode(), b"%d.%b" % (time, body), hashlib.sha256).hexdigest()
    return f"t={time},v1={digest}"


class Hooks:
    """All hooks. They are few, and held in memory; each goes through the feed at the pace of its receiver.

    *post* sends; *check* raises :class:`~awed.model.errors.Invalid` for an address that it would not send to. *user*
    says what rights the user of a name has now, and when the user's account was made. :meth:`start` comes first,
    :meth:`stop` last.
    """

    _log = Logger()

    def __init__(
        self,
        *,
        store: IStore,
        commit: Commit,
        events: EventVerbs,
        group_acl: GroupAcl,
        user: Callable[[str], Awaitable[tuple[User, datetime | None]]],
        post: Post,
        check: Callable[[str], Awaitable[None]],
        clock: IReactorTime,
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._commit = commit
        self._events = events
        self._group_acl = group_acl
        self._user = user
        self._post = post
        self._check = check
        self._clock = clock
        self._now = now
        self._hooks: dict[str, Hook] = {}
        self._running: dict[str, Deferred[None]] = {}
        self._places = PerKey(AT_ONCE)

    async def start(self) -> None:
        """Go on with the stored hooks where they were."""
        for hook in await self._store.all(Hook):
            self._take(hook)

    def stop(self) -> None:
        """Send nothing more. What is not known to have arrived is sent again after the next start."""
        running, self._running = self._running, {}
        for one in running.values():
            one.cancel()

    def of(self, user: User) -> list[Hook]:
        """The hooks of a user; of an administrator, all."""
        return [hook for hook in self._hooks.values() if user.admin or hook.owner == user.name]

    def get(self, hook_id: str) -> Hook:
        """Raises :class:`NotFound`."""
        hook = self._hooks.get(hook_id)
        if hook is None:
            raise NotFound(f"hook not found: {hook_id}")
        return hook

    async def add(self, hook: Hook, user: User) -> None:
        """Take a new hook of *user*. Raises as :meth:`take_with`."""
        await self.take_with(hook, user, partial(self._commit, Batch(hooks=[hook]), Batch(gone_hooks=[hook.id])))

    async def take_with(self, hook: Hook, user: User, store: Callable[[], Awaitable[T]]) -> T:
        """Take a new hook of *user*, which hears what happens from now on, and have *store* store it. Returns what
        that returns. It goes on if the result is cancelled.

        Raises :class:`~awed.model.errors.Invalid` for its address, :class:`QuotaReached` if there are too many, and
        what *store* raises, after which the hook is not there.
        """
        await self._check(hook.url)
        _, account = await self._user(hook.owner)
        mine = sum(one.owner == user.name for one in self._hooks.values())
        if not user.admin and mine >= MOST_OF_USER:
            raise QuotaReached(f"you have {mine} hooks: delete one that you do not need")
        if not user.admin and len(self._hooks) >= MOST:
            raise QuotaReached(f"there are {MOST} hooks already")
        hook.cursor, hook.created, hook.account = self._events.feed.last, self._now(), account
        self._hooks[hook.id] = hook
        return await to_the_end(self._stored(hook, store()))

    async def _stored(self, hook: Hook, storing: Awaitable[T]) -> T:
        try:
            stored = await storing
        except BaseException:
            self._hooks.pop(hook.id, None)
            raise
        if hook.id in self._hooks:  # else it was removed meanwhile
            self._take(hook)
        return stored

    async def remove(self, hook_id: str) -> None:
        """Send nothing more to a hook, and forget it. Raises :class:`NotFound`."""
        self.get(hook_id)
        if running := self._running.get(hook_id):
            running.cancel()
        await self._forget(hook_id)

    async def _forget(self, hook_id: str) -> None:
        del self._hooks[hook_id]
        self._running.pop(hook_id, None)
        await self._commit(Batch(gone_hooks=[hook_id]))

    def _take(self, hook: Hook) -> None:
        """Begin with a hook that is stored."""
        self._hooks[hook.id] = hook
        if hook.listens:
            self._running[hook.id] = running = Deferred.fromCoroutine(self._run(hook))
            running.addErrback(lambda failure: self._log.failure("a hook fails", failure))

    async def _run(self, hook: Hook) -> None:
        """Deliver one event after the other, until the hook is dead and its job, if it goes with one, has ended."""
        with suppress(CancelledError):
            while self._hooks.get(hook.id) is hook and hook.listens and not self._events.feed.closed:
                try:
                    await self._next(hook)
                except Gone as error:
                    hook.cursor = self._events.feed.oldest - 1
                    await self._die(hook, str(error))
                except Unavailable:  # the store is away
                    await deferLater(self._clock, PAUSES.first)

    async def _next(self, hook: Hook) -> None:
        cursor = await self._cursor(hook)
        if cursor is None:
            await self._die(hook, f"the account of {hook.owner} is gone")
            if hook.with_job:  # nobody is left to see it
                await self._forget(hook.id)
            return
        found = await cursor.wait(1, SAVED)
        moved, hook.cursor = hook.cursor != cursor.number, cursor.number
        if found:
            hook.cursor = found[0].id - 1
            if hook.wants(found[0]):
                await self._deliver(hook, found[0])
            if hook.with_job and found[0].name in ENDS:
                await self._forget(hook.id)
        elif moved and not self._events.feed.closed:
            await self._save(hook)

    async def _cursor(self, hook: Hook) -> Cursor | None:
        """Reads on for a hook, with the rights that its owner has now; None if the owner's account is gone."""
        user, account = await self._user(hook.owner)
        if hook.account not in (None, account):  # another one may have the name
            return None
        choice = Choice(job=hook.job, owner=user.name if hook.mine else "", events=hook.heard)
        return self._events.cursor(user, self._group_acl, choice, hook.cursor)

    async def _deliver(self, hook: Hook, event: FeedEvent) -> None:
        """Send an event until it arrives, or the hook is dead."""
        delivery = self._delivery(hook, event)
        end = self._clock.seconds() + PATIENCE
        for pause in PAUSES:
            cursor = await self._cursor(hook)
            if cursor is None or [one.id for one in await cursor.read(1)] != [event.id]:  # nothing to hear any more
                delivery.state, hook.cursor = DeliveryState.FAILED, event.id
                await self._save(hook)
                return
            tried = await self._try(hook, delivery)
            delivery.tries = [*delivery.tries[: KEPT - 1], tried]
            if 200 <= tried.status < 300:
                delivery.state, hook.cursor = DeliveryState.DELIVERED, event.id
                await self._save(hook)
                return
            if self._clock.seconds() > end:
                delivery.state = DeliveryState.FAILED
                await self._die(hook, f"not delivered for a day: {tried.error or f'status {tried.status}'}")
                return
            await self._save(hook)
            await deferLater(self._clock, pause)

    def _delivery(self, hook: Hook, event: FeedEvent) -> HookDelivery:
        """The record of a delivery. After a restart it may be there already."""
        id = f"{hook.id}-{event.id}"
        for delivery in hook.deliveries[-1:]:
            if delivery.delivery == id:
                return delivery
        delivery = HookDelivery(id, event)
        hook.deliveries = [*hook.deliveries[1 - KEPT :], delivery]
        return delivery

    async def _try(self, hook: Hook, delivery: HookDelivery) -> Try:
        async with self._places.place(hook.owner):
            return await self._tried(hook, delivery, self._now())

    async def _tried(self, hook: Hook, delivery: HookDelivery, now: datetime) -> Try:
        body = json.encode(Payload(delivery.delivery, hook.id, delivery.event))
        headers = {
            "Content-Type": "application/json",
            "Awe-Delivery": delivery.delivery,
            "Awe-Hook": hook.id,
            "Awe-Signature": signature(hook.secret, int(now.timestamp()), body),
        }
        try:
            return Try(now, status=await self._post(hook.url, body, headers))
        except AwedError as error:
            return Try(now, error=str(error)[:500])
        except CancelledError:
            raise
        except Exception as error:  # the network and the peer may cause any
            return Try(now, error=(str(error) or type(error).__name__)[:500])

    async def _die(self, hook: Hook, reason: str) -> None:
        hook.state, hook.reason = HookState.DEAD, reason
        self._log.warn("hook {hook} of {user} is dead: {reason}", hook=hook.id, user=hook.owner, reason=reason)
        await self._save(hook)

    async def _save(self, hook: Hook) -> None:
        """Store how far a hook is. A store that is away is waited for by whoever writes next."""
        if hook.id in self._hooks:
            with suppress(StoreAway):
                await self._commit(Batch(hooks=[hook]))
