"""The scheduler's verbs for clients, made durable."""

from collections.abc import Callable, Iterable

from awed.model.client import Client, Heartbeat
from awed.model.states import ClientState
from awed.service.shell import Shell


class ClientVerbs:
    """Register, show, suspend, resume and remove clients."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell

    async def register(self, profile: Client, current_work: Iterable[str]) -> Client:
        """Register a worker. *current_work*: ids of the workunits that it still has. Returns the client."""
        client = self._shell.scheduler.clients.register(profile, current_work, self._shell.now())
        await self._shell.settle()
        return client

    async def heartbeat(self, client_id: str, current_work: Iterable[str] | None) -> Heartbeat:
        """Take a heartbeat. *current_work*: ids of the workunits that the client has, None if it did not say.

        The answer names those that it is to end. Raises :class:`~awed.model.errors.ClientNotFound`.
        """
        discard = self._shell.scheduler.clients.heartbeat(client_id, current_work, self._shell.now())
        self._shell.follow()
        return Heartbeat(self._shell.server_uuid, ",".join(discard))

    def get(self, client_id: str) -> Client:
        """The client as it is shown. Raises :class:`~awed.model.errors.ClientNotFound`."""
        clients = self._shell.scheduler.clients
        return clients.view(clients.get(client_id), self._shell.now())

    def group_of(self, client_id: str) -> str:
        """The name of the client's group. Raises :class:`~awed.model.errors.ClientNotFound`."""
        return self._shell.scheduler.clients.get(client_id).client.group

    def silence(self, client_id: str) -> float:
        """Seconds since the client made its last request. Raises :class:`~awed.model.errors.ClientNotFound`."""
        return self._shell.scheduler.clients.silence(client_id, self._shell.now())

    def all(self) -> list[Client]:
        """All clients, as they are shown."""
        return self._shell.scheduler.clients.all(self._shell.now())

    def set_group(self, name: str, besides: frozenset[str] | None) -> None:
        """Set which work without a group the clients of group *name* get; see
        :meth:`awed.scheduler.clients.Clients.set_group`. Those that are waiting for work ask again."""
        for client_id in self._shell.scheduler.clients.set_group(name, besides):
            self._shell.waiting.send_away(client_id)

    async def suspend(self, client_id: str) -> None:
        """Give the client no more work, and its work to others. Raises :class:`~awed.model.errors.ClientNotFound`."""
        self._shell.scheduler.clients.suspend(client_id, self._shell.now())
        await self._shell.settle()

    async def resume(self, client_id: str) -> None:
        """Give the client work again.

        Raises :class:`~awed.model.errors.ClientNotFound`, and :class:`~awed.model.errors.Invalid` if it is not
        suspended.
        """
        self._shell.scheduler.clients.resume(client_id)
        await self._shell.settle()

    async def suspend_all(self, chosen: Callable[[Client], bool]) -> int:
        """Suspend the clients that *chosen* accepts. Returns how many were not suspended before."""
        found = [client.id for client in self.all() if client.status is not ClientState.SUSPEND and chosen(client)]
        for client_id in found:
            self._shell.scheduler.clients.suspend(client_id, self._shell.now())
        await self._shell.settle()
        return len(found)

    async def resume_all(self, chosen: Callable[[Client], bool]) -> int:
        """Resume the suspended clients that *chosen* accepts. Returns how many there were."""
        found = [client for client in self.all() if client.status is ClientState.SUSPEND and chosen(client)]
        for client in found:
            self._shell.scheduler.clients.resume(client.id)
        await self._shell.settle()
        return len(found)

    async def set_subclients(self, client_id: str, count: int) -> None:
        """Set for how many workers a proxy stands. Raises :class:`~awed.model.errors.ClientNotFound`."""
        client = self._shell.scheduler.clients.get(client_id).client
        client.subclients = count
        self._shell.scheduler.changes.client(client)
        await self._shell.settle()

    async def remove_all(self, group: str) -> None:
        """Remove the clients of a group, and queue their work again."""
        for client in self.all():
            if client.group == group:
                self._shell.scheduler.clients.remove(client.id, self._shell.now())
        await self._shell.settle()

    async def remove(self, client_id: str) -> None:
        """Remove the client and queue its work again. Raises :class:`~awed.model.errors.ClientNotFound`."""
        self._shell.scheduler.clients.remove(client_id, self._shell.now())
        await self._shell.settle()
