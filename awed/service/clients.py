"""The verbs for clients, durable."""

from collections.abc import Iterable

from awed.model.client import Client, Heartbeat
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
        return Heartbeat(self.server_uuid, ",".join(discard))

    def client(self, client_id: str) -> Client:
        """:class:`ClientNotFound`."""
        clients = self._scheduler.clients
        return clients.view(clients.get(client_id), self._now())

    def clients(self) -> list[Client]:
        return self._scheduler.clients.all(self._now())

    async def suspend_client(self, client_id: str) -> None:
        self._scheduler.clients.suspend(client_id)
        await self._settle()

    async def resume_client(self, client_id: str) -> None:
        self._scheduler.clients.resume(client_id)
        await self._settle()

    async def remove_client(self, client_id: str) -> None:
        self._scheduler.clients.remove(client_id, self._now())
        await self._settle()
