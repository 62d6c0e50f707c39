"""The page for Prometheus: whole, true, bounded, and without secrets."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import cast
from unittest.mock import create_autospec

from prometheus_client.parser import text_string_to_metric_families as parse
from prometheus_client.samples import Sample

from awed.metrics.catalogue import CATALOGUE
from awed.metrics.exposition import TOLD_APART, Exposition, told_apart
from awed.metrics.measures import Measures
from awed.model.access import PUBLIC, User
from awed.scheduler.changes import Prepare
from awed.scheduler.entries import Place
from awed.scheduler.queue import Queued
from awed.scheduler.requirements import Wanted
from awed.web.request import ShortRequest
from tests.unit.api.served import Served, data, done

JOB = {
    "info": {"name": "NAME-OF-A-JOB", "user": "NAME-OF-A-USER", "clientgroups": "g,h"},
    "tasks": [{"taskid": "0", "cmd": {"name": 'count "these"\n', "args": "SECRET"}, "totalwork": 3}],
}


ROOT = User("root", admin=True)


def samples(exposition: Exposition) -> list[Sample]:
    text = done(exposition.page(ROOT)).decode()
    return [sample for family in parse(text) for sample in family.samples]


def value(found: list[Sample], name: str, **labels: str) -> float:
    (number,) = (sample.value for sample in found if sample.name == name and sample.labels == labels)
    return number


def test_every_metric_is_there_from_the_start_and_described(exposition: Exposition) -> None:
    families = {family.name: family for family in parse(done(exposition.page(ROOT)).decode())}
    told = {name for name in families if name.startswith("awed_")}
    assert told == {metric.name for metric in CATALOGUE}
    assert all(families[metric.name].documentation == metric.about for metric in CATALOGUE)
    assert {sample.labels["status"] for sample in families["awed_reports"].samples} >= {"done", "fail", "refused"}
    assert "process_resident_memory_bytes" in families


def test_the_numbers_are_those_of_the_queue(served: Served, exposition: Exposition) -> None:
    served.submit(JOB, user="ann")
    served.register(id="c1", group="g")
    served.call("GET", "/work?client=c1")
    served.clock.advance(7)
    counts = data(served.call("GET", "/queue?json"))
    found = samples(exposition)
    for kind in ("jobs", "tasks", "workunits", "clients"):
        states = {sample.labels["state"]: sample.value for sample in found if sample.name == f"awed_{kind}"}
        assert {"total": sum(states.values()), **states}.items() <= counts[kind].items(), kind
    assert value(found, "awed_queued_workunits", group="g,h", app='count "these"\n') == 2
    assert value(found, "awed_queued_age_seconds", group="g,h", app='count "these"\n') == 7
    assert (value(found, "awed_checkouts_total"), value(found, "awed_ready")) == (1, 1)


def test_names_of_jobs_and_users_are_not_shown(served: Served, exposition: Exposition) -> None:
    served.submit(JOB, user="ann")
    page = done(exposition.page(ROOT)).decode()
    assert not [name for name in ("NAME-OF", "SECRET", 'ann"') if name in page]


def test_what_was_measured_is_told(exposition: Exposition, measures: Measures) -> None:
    for code in (400, 500):
        request = SimpleNamespace(route="GET /work?client", code=code, received=0.0)
        measures.answered(cast(ShortRequest, request))
    measures.performed(Prepare("t", 1, "ann"), 0.3)
    measures.commit_failed(Exception())
    found = samples(exposition)
    assert value(found, "awed_requests_total", method="GET", route="/work?client", code="400") == 1
    assert value(found, "awed_request_seconds_count", method="GET", route="/work?client") == 2
    assert value(found, "awed_faults_total") == 1
    assert value(found, "awed_effect_seconds_bucket", effect="prepare", le="0.25") == 0
    assert value(found, "awed_effect_seconds_bucket", effect="prepare", le="0.5") == 1
    assert value(found, "awed_commit_failures_total") == 1


def test_a_daemon_without_its_store_is_not_ready(served: Served, exposition: Exposition) -> None:
    done(served.store.close())
    assert value(samples(exposition), "awed_ready") == 0


def kinds(number: int) -> Iterator[Queued]:
    """As many kinds of work, each larger than the last and younger."""
    for n in range(number):
        yield Queued(Wanted(frozenset({f"group{n}"}), "app", 0), n + 1, create_autospec(Place), float(n))


def labels(wanted: Wanted) -> tuple[str, str]:
    return ",".join(wanted.named), wanted.app


def test_whoever_makes_many_kinds_of_work_does_not_make_many_samples() -> None:
    found = told_apart(kinds(TOLD_APART + 5), labels)
    assert len(found) == TOLD_APART + 1
    assert found["other", "other"] == (1 + 2 + 3 + 4 + 5, 0.0)
    assert found["group5", "app"] == (6, 5.0)
    assert sum(waiting.work for waiting in found.values()) == sum(range(TOLD_APART + 6))


def test_names_are_those_that_the_reader_may_know(served: Served, exposition: Exposition) -> None:
    """Long ones are cut, and what is the same then is one sample."""
    for user, group in (("ann", "anns"), ("", "everybodys")):
        served.call("POST", f"/cgroup/{group}", user=user)
    for user, groups, app in (
        ("ann", "", "secret"),
        ("bob", "", "mine"),
        ("", "", "x" * 65),
        ("", "", "x" * 66),
        ("ann", "everybodys", "app"),
        ("bob", "anns", "app"),
        ("bob", "none", "app"),
    ):
        served.submit({"info": {"clientgroups": groups}, "tasks": [{"taskid": "0", "cmd": {"name": app}}]}, user=user)

    def shown(user: User) -> dict[tuple[str, str], float]:
        families = parse(done(exposition.page(user)).decode())
        found = [sample for family in families for sample in family.samples if sample.name == "awed_queued_workunits"]
        return {(sample.labels["group"], sample.labels["app"]): sample.value for sample in found}

    publics = {("", "x" * 64): 2, ("everybodys", "app"): 1}
    assert shown(User(PUBLIC)) == {**publics, ("", "other"): 2, ("other", "other"): 2}
    assert shown(User("bob")) == {**publics, ("", "mine"): 1, ("", "other"): 1, ("other", "other"): 2}
    alls = {("", "secret"): 1, ("", "mine"): 1, ("anns", "app"): 1, ("none", "app"): 1}
    assert shown(ROOT) == {**publics, **alls}
