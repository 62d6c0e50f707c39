"""The verbs for clients, durable."""

from collections.abc import Callable, Iterable

from awed.model.client import Client, Heartbeat
from awed.model.states import ClientState
from awed.service.shell import Shell


class ClientVerbs:
    """Register, show, suspend, resume, sign off."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell

    async def register(self, profile: Client, current_work: Iterable[str]) -> Client:
        """A worker is here, with what it still runs."""
        client = self._shell.scheduler.clients.register(profile, current_work, self._shell.now())
        await self._shell.settle()
        return client

    async def heartbeat(self, client_id: str, current_work: Iterable[str] | None) -> Heartbeat:
        """A sign of life, answered with what the client is to throw away. :class:`ClientNotFound`."""
        discard = self._shell.scheduler.clients.heartbeat(client_id, current_work, self._shell.now())
        self._shell.follow()
        return Heartbeat(self._shell.server_uuid, ",".join(discard))

    def get(self, client_id: str) -> Client:
        """The client as it is shown. :class:`ClientNotFound`."""
        clients = self._shell.scheduler.clients
        return clients.view(clients.get(client_id), self._shell.now())

    def group_of(self, client_id: str) -> str:
        """The client's group. :class:`ClientNotFound`."""
        return self._shell.scheduler.clients.get(client_id).client.group

    def all(self) -> list[Client]:
        """The clients as they are shown."""
        return self._shell.scheduler.clients.all(self._shell.now())

    def set_group(self, name: str, besides: frozenset[str] | None) -> None:
        """What clients of a group run, see :meth:`awed.scheduler.clients.Clients.set_group`. Those that wait, and run
        other work now, look again."""
        for client_id in self._shell.scheduler.clients.set_group(name, besides):
            self._shell.waiting.send_away(client_id)

    async def suspend(self, client_id: str) -> None:
        """Give the client no more work, and its work to others. :class:`ClientNotFound`."""
        self._shell.scheduler.clients.suspend(client_id, self._shell.now())
        await self._shell.settle()

    async def resume(self, client_id: str) -> None:
        """Give the client work again. :class:`ClientNotFound`; :class:`Invalid` if it is not suspended."""
        self._shell.scheduler.clients.resume(client_id)
        await self._shell.settle()

    async def suspend_all(self, chosen: Callable[[Client], bool]) -> int:
        """Suspend the chosen ones of all clients that are not suspended yet; how many there were."""
        found = [client.id for client in self.all() if client.status is not ClientState.SUSPEND and chosen(client)]
        for client_id in found:
            self._shell.scheduler.clients.suspend(client_id, self._shell.now())
        await self._shell.settle()
        return len(found)

    async def resume_all(self, chosen: Callable[[Client], bool]) -> int:
        """Resume the chosen ones of all suspended clients; how many there were."""
        found = [client for client in self.all() if client.status is ClientState.SUSPEND and chosen(client)]
        for client in found:
            self._shell.scheduler.clients.resume(client.id)
        await self._shell.settle()
        return len(found)

    async def set_subclients(self, client_id: str, count: int) -> None:
        """How many workers a proxy stands for."""
        client = self._shell.scheduler.clients.get(client_id).client
        client.subclients = count
        self._shell.scheduler.changes.client(client)
        await self._shell.settle()

    async def remove(self, client_id: str) -> None:
        """The client signs off: its work is queued again. :class:`ClientNotFound`."""
        self._shell.scheduler.clients.remove(client_id, self._shell.now())
        await self._shell.settle()
