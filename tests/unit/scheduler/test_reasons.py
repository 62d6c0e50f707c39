"""The reasons why work waits agree with the hand-out, and reveal nothing of other users."""

from typing import Any

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from awed.model.errors import ClientBusy, ClientSuspended, NothingToDo
from awed.model.work import Workunit
from awed.scheduler import reservations
from awed.scheduler.client_entry import ClientEntry
from awed.scheduler.entries import Place
from awed.scheduler.requirements import Spare
from awed.scheduler.shares import Most
from awed.scheduler.state import Limits
from tests.unit.scheduler.builders import World, job, task

G = 1 << 30

TASKS = st.fixed_dictionaries(
    {
        "app": st.sampled_from(["app", "app", "x"]),
        "groups": st.sampled_from(["", "", "g", "h", "g,h"]),
        "walltime": st.sampled_from([0, 0, 60]),
        "inputs": st.sampled_from([(), (), (5,)]),
        "work": st.integers(1, 3),
        "user": st.sampled_from(["u", "v"]),
    },
    optional={
        "needs": st.fixed_dictionaries(
            {"cores": st.sampled_from([0.5, 1, 2, 3])},
            optional={"memory": st.sampled_from(["1G", "4G"]), "gpus": st.sampled_from([1, 2])},
        )
        | st.fixed_dictionaries({"runs": st.just(1)}, optional={"memory": st.just("1G")})
    },
)
CLIENTS = st.fixed_dictionaries(
    {
        "group": st.sampled_from(["", "g", "h"]),
        "apps": st.sampled_from([["*"], ["app"], ["x"]]),
        "slots": st.integers(1, 3),
        "offers": st.none()
        | st.fixed_dictionaries(
            {"cores": st.sampled_from([1.0, 2.0, 4.0])},
            optional={
                "memory": st.sampled_from([2.0 * G, 8.0 * G]),
                "gpus": st.just(1.0),
                "runs": st.sampled_from([1.0, 2.0]),
            },
        ),
        "available": st.sampled_from([None, None, 3]),
        "left": st.sampled_from([None, None, 30]),
    }
)
DEEDS = st.lists(
    st.tuples(st.sampled_from([*4 * ["take"], "fail", "done", "suspend", "wait"]), st.integers(0, 3)), max_size=20
)
LIMITS = st.builds(
    Limits,
    fair_share=st.booleans(),
    user_out=st.sampled_from([Most(), Most(), Most(work=2), Most(cores=2.5)]),
    group_out=st.sampled_from([Most(), Most(), Most(work=2), Most(cores=3)]),
)
PLAYS = st.tuples(st.lists(CLIENTS, min_size=1, max_size=4), st.lists(TASKS, min_size=1, max_size=6), DEEDS, LIMITS)


class Play:
    """A world in which something happened, and what each client says that it has when it asks."""

    def __init__(self, clients: list[dict[str, Any]], tasks: list[dict[str, Any]], limits: Limits) -> None:
        self.world = World(limits)
        self.spares: dict[str, Spare] = {}
        self.units: list[Workunit] = []
        for number, profile in enumerate(clients):
            available, left = profile.pop("available"), profile.pop("left")
            until = None if left is None else self.world.now.seconds + left
            self.spares[self.world.client(f"c{number}", **profile)] = Spare(available, until)
        for fields in tasks:
            groups, user = fields.pop("groups"), fields.pop("user")
            self.world.prepared(job(task("0", **fields), groups=groups), user)

    def do(self, deed: str, number: int) -> None:
        """Something happens, at the client or to the workunit of this number."""
        name = f"c{number % len(self.spares)}"
        if deed == "take":
            self.take(name)
        elif deed == "suspend":
            self.world.scheduler.clients.suspend(name, self.world.now)
        elif deed == "wait":
            self.world.live(2, *self.spares)
        elif self.units:
            self.world.report(self.units.pop(number % len(self.units)), deed)

    def take(self, name: str) -> str:
        """The workunit that this client gets when it asks, "" for none."""
        try:
            unit = self.world.scheduler.work.checkout(name, self.spares[name], self.world.now)
        except (NothingToDo, ClientBusy, ClientSuspended):
            return ""
        self.units.append(unit)
        return unit.taskid

    def explained(self, name: str) -> str:
        """The first task, in the order of hand-out, that this client could take by what is explained; "" for none."""
        state = self.world.scheduler._state
        client: ClientEntry = state.clients[name]
        client.spare = self.spares[name]
        places = [place for entry in state.jobs.values() for one in entry.tasks for place in one.places.values()]
        free = [place for place in places if self._is_free(client, place)]
        first = min(free, key=lambda place: place.order, default=None)
        return first.entry.task.taskid if first else ""

    def _is_free(self, client: ClientEntry, place: Place) -> bool:
        assert place.wanted is not None
        reasons = self.world.scheduler.reasons
        return reasons.hindrance(client, place, place.wanted, place.disk, self.world.now) is None


def agrees(
    clients: list[dict[str, Any]], tasks: list[dict[str, Any]], deeds: list[tuple[str, int]], limits: Limits
) -> None:
    """Whatever is explained to be free for a client it gets, and it gets nothing else."""
    play = Play(clients, tasks, limits)
    for deed, number in deeds:
        play.do(deed, number)
    for name in play.spares:
        could = play.explained(name)
        assert play.take(name) == could


@pytest.fixture(autouse=True, scope="module")
def _hasty() -> Any:
    """Clients are kept for large work soon."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reservations, "PASSES", 1)
        yield


@given(PLAYS)
def test_what_is_explained_to_be_free_for_a_client_it_gets_and_nothing_else(play: Any) -> None:
    agrees(*play)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(10))
def test_the_same_in_ten_thousand_cases(part: int) -> None:
    cases = settings(max_examples=1000)(given(PLAYS)(lambda play: agrees(*play)))
    seed(part)(cases)()
