"""The verbs for clients, durable."""

from collections.abc import Callable, Iterable

from awed.model.client import Client, Heartbeat
from awed.model.states import ClientState
from awed.service.shell import Shell


class ClientVerbs(Shell):
    """Register, show, suspend, resume, sign off."""

    async def register(self, profile: Client, current_work: Iterable[str]) -> Client:
        client = self._scheduler.clients.register(profile, current_work, self._now())
        await self._settle()
        return client

    async def heartbeat(self, client_id: str, current_work: Iterable[str] | None) -> Heartbeat:
        """A sign of life, answered with what the client is to throw away. :class:`ClientNotFound`."""
        discard = self._scheduler.clients.heartbeat(client_id, current_work, self._now())
        self._follow()
        return Heartbeat(self.server_uuid, ",".join(discard))

    def client(self, client_id: str) -> Client:
        """:class:`ClientNotFound`."""
        clients = self._scheduler.clients
        return clients.view(clients.get(client_id), self._now())

    def group_of(self, client_id: str) -> str:
        """The client's group. :class:`ClientNotFound`."""
        return self._scheduler.clients.get(client_id).client.group

    def clients(self) -> list[Client]:
        return self._scheduler.clients.all(self._now())

    async def suspend_client(self, client_id: str) -> None:
        self._scheduler.clients.suspend(client_id, self._now())
        await self._settle()

    async def resume_client(self, client_id: str) -> None:
        self._scheduler.clients.resume(client_id)
        await self._settle()

    async def suspend_clients(self, chosen: Callable[[Client], bool]) -> int:
        """Suspend the chosen ones of all clients that are not suspended yet; how many there were."""
        found = [
            client.id for client in self.clients() if client.status is not ClientState.SUSPEND and chosen(client)
        ]
        for client_id in found:
            self._scheduler.clients.suspend(client_id, self._now())
        await self._settle()
        return len(found)

    async def resume_clients(self, chosen: Callable[[Client], bool]) -> int:
        """Resume the chosen ones of all suspended clients; how many there were."""
        found = [client for client in self.clients() if client.status is ClientState.SUSPEND and chosen(client)]
        for client in found:
            self._scheduler.clients.resume(client.id)
        await self._settle()
        return len(found)

    async def set_subclients(self, client_id: str, count: int) -> None:
        """How many workers a proxy stands for."""
        client = self._scheduler.clients.get(client_id).client
        client.subclients = count
        self._scheduler.changes.client(client)
        await self._settle()

    async def remove_client(self, client_id: str) -> None:
        self._scheduler.clients.remove(client_id, self._now())
        await self._settle()
