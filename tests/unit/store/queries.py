"""How every store answers queries: pages, orders, readers, ranges, fields, distinct values."""

from typing import Any

from pytest_twisted import ensureDeferred

from awed.model.job import JobError
from awed.model.records import Batch
from awed.model.states import JobState, TaskState
from awed.model.times import NO_TIME
from awed.store.interface import IStore, JobQuery
from tests.unit.store.contract import StoreTests
from tests.unit.store.records import at, job, task

HOSTILE = (
    "'",
    '"',
    "' OR 1=1 --",
    '" OR "',
    "$",
    "$where",
    "]",
    "[0]",
    "a[0]",
    "\\",
    "%",
    "*",
    ".",
    "..",
    "\0",
    "é" * 999,
)


class QueryContract(StoreTests):
    """Pages of jobs and distinct values."""

    @ensureDeferred
    async def test_pages_by_update_time_newest_first(self, store: IStore) -> None:
        await store.commit(Batch(jobs=[job(f"{number:02}", updated=number % 10) for number in range(60)]))
        page = await store.jobs(JobQuery())
        assert (len(page.jobs), page.total) == (25, 60)
        assert [found.id for found in page.jobs[:3]] == ["59", "49", "39"]

    @ensureDeferred
    async def test_pages_together_are_the_whole_list(self, store: IStore) -> None:
        """Also where many jobs are equal in what they are ordered by."""
        await store.commit(Batch(jobs=[job(f"{number:02}", name="same", updated=0) for number in range(23)]))
        for order in ("updatetime", "info.name", "nothing.there", "tasks.cmd.name"):
            for descending in (True, False):
                pages = [
                    await ids(store, order=order, descending=descending, limit=5, offset=n) for n in range(0, 25, 5)
                ]
                expected = sorted((f"{number:02}" for number in range(23)), reverse=descending)
                assert [id for page in pages for id in page] == expected

    @ensureDeferred
    async def test_limits_and_offsets(self, store: IStore) -> None:
        await store.commit(Batch(jobs=[job(str(number), updated=number) for number in range(5)]))
        assert await ids(store, limit=0) == ["4", "3", "2", "1", "0"]
        assert await ids(store, limit=2, offset=4) == ["0"]
        assert await ids(store, limit=0, offset=3) == ["1", "0"]
        page = await store.jobs(JobQuery(limit=2, offset=9))
        assert (page.jobs, page.total) == ([], 5)
        page = await store.jobs(JobQuery(limit=2, offset=9, fields={"info.priority": ["1"]}))
        assert (page.jobs, page.total) == ([], 5)

    @ensureDeferred
    async def test_jobs_are_whole(self, store: IStore) -> None:
        await store.commit(Batch(jobs=[job("a")], tasks=[task("a", 1), task("a", 0)]))
        (found,) = (await store.jobs(JobQuery())).jobs
        assert [step.taskid for step in found.tasks] == ["a_0", "a_1"]

    @ensureDeferred
    async def test_states(self, store: IStore) -> None:
        await store.commit(Batch(jobs=[job(state.value, state=state) for state in JobState]))
        for state in JobState:
            assert await ids(store, states=(state,)) == [state]
        several = (JobState.QUEUED, JobState.COMPLETED, JobState.QUEUED)
        assert await ids(store, states=several) == ["queued", "completed"]
        assert await ids(store, states=several, order="info.name") == ["queued", "completed"]
        assert (await store.jobs(JobQuery(states=several))).total == 2

    @ensureDeferred
    async def test_ids_that_begin_alike(self, store: IStore) -> None:
        names = ("ab", "ab1", "ab2", "abz", "ac", "a")
        await store.commit(Batch(jobs=[job(name, updated=number) for number, name in enumerate(names)]))
        assert await ids(store, id_prefix="ab") == ["abz", "ab2", "ab1", "ab"]
        assert await ids(store, id_prefix="ab", limit=1) == ["abz"]
        assert await ids(store, id_prefix="ab1", fields={"info.priority": ["1"]}) == ["ab1"]
        assert await ids(store, id_prefix="b") == await ids(store, id_prefix="ab", reader="eve") == []
        assert (await store.jobs(JobQuery(id_prefix="ab", limit=1))).total == 4
        assert await ids(store, ids=("ac", "ab1", "gone")) == ["ac", "ab1"]
        assert await ids(store, ids=("ac", "ab1"), id_prefix="ab", words=("",)) == ["ab1"]
        assert await ids(store, ids=()) == []

    @ensureDeferred
    async def test_words_occur_in_the_name(self, store: IStore) -> None:
        names = ("Amplicon run 7", "amplicon%run", "é.*", "", "run")
        await store.commit(Batch(jobs=[job(str(n), name=name, updated=-n) for n, name in enumerate(names)]))
        assert await ids(store, words=("AMPLI", "Run")) == ["0", "1"]
        assert await ids(store, words=("%",)) == ["1"]
        assert await ids(store, words=("é.*",)) == ["2"]
        assert await ids(store, words=("run",), fields={"info.priority": ["1"]}, limit=2) == ["0", "1"]
        assert await ids(store, words=("run",), fields={"info.priority": ["2"]}) == []
        await store.commit(Batch(jobs=[job("long", name="A\0" + 20_000 * "b")]))
        assert await ids(store, words=("a\0b",)) == await ids(store, words=(15_000 * "B",)) == ["long"]
        assert await ids(store, words=(30_000 * "b",)) == []
        await store.commit(Batch(gone_jobs=["long"]))
        for word in HOSTILE:
            assert word in names or await ids(store, words=(word,)) == [
                str(n) for n, name in enumerate(names) if word in name
            ]

    @ensureDeferred
    async def test_a_long_job_is_found_as_well(self, store: IStore) -> None:
        """By what is short in it: what else it has may be too long for a search."""
        long = "x" * 2_000_000
        step = task("a", 0, app="app")
        step.task.cmd.args = long
        large = job("a", name="n", project="p", description=long, userattr={"submission": "s", "list": [long]})
        await store.commit(Batch(jobs=[large, job("b", name="m", project="p")], tasks=[step]))
        for path, text in {
            "info.project": "p",
            "info.name": "n",
            "info.userattr.submission": "s",
            "tasks.cmd.name": "app",
        }.items():
            page = await store.heads(JobQuery(fields={path: [text]}))
            assert "a" in [found.job.id for found in page.records], path
        page = await store.heads(JobQuery(words=("n",), owner="joe"))
        assert [found.job.id for found in page.records] == ["a"]
        page = await store.heads(JobQuery(order="info.name", descending=False))
        assert [found.job.id for found in page.records] == ["b", "a"]

    @ensureDeferred
    async def test_jobs_of_an_owner(self, store: IStore) -> None:
        await store.commit(Batch(jobs=[job("a", owner="ann", read=("joe",)), job("b"), job("c", owner="ann")]))
        assert await ids(store, owner="ann") == ["c", "a"]
        assert await ids(store, owner="ann", reader="joe") == ["a"]
        await store.commit(Batch(jobs=[job("a", owner="joe")]))
        assert await ids(store, owner="joe") == ["b", "a"]

    @ensureDeferred
    async def test_heads_are_the_page_without_tasks(self, store: IStore) -> None:
        await store.commit(Batch(jobs=[job("a", owner="ann"), job("b", updated=1)], tasks=[task("a", 0)]))
        page = await store.heads(JobQuery(limit=1, offset=1))
        assert [(found.job.id, found.acl.owner, found.job.tasks) for found in page.records] == [("a", "ann", [])]
        assert page.total == 2

    @ensureDeferred
    async def test_of_a_page_there_may_be_the_ids_alone_and_of_tasks_the_sums(self, store: IStore) -> None:
        steps = [task("a", 0), task("a", 1), task("b", 0)]
        for time, step in enumerate(steps, 1):
            step.task.computetime = time
        steps[2].task.cmd.args = "x" * 4_000_000
        await store.commit(Batch(jobs=[job(name, updated=n) for n, name in enumerate("abc")], tasks=steps))
        page = await store.found(JobQuery(limit=2))
        assert (page.jobs, page.rest, page.total) == ([], ["c", "b"], 3)
        assert await store.sums(["a", "b", "c", "gone"]) == {"a": (2, 3), "b": (1, 3)}
        assert await store.sums([]) == {}

    @ensureDeferred
    async def test_jobs_are_counted_by_state_as_far_as_one_may_read_them(self, store: IStore) -> None:
        done = JobState.COMPLETED
        await store.commit(Batch(jobs=[job("a", read=("public",)), job("b"), job("c", owner="ann", state=done)]))
        await store.commit(Batch(jobs=[job("b", state=done)]))
        seen = {reader: {**await store.counts(reader)} for reader in (None, "joe", "ann", "eve")}
        counted = {who: {state: n for state, n in counts.items() if n} for who, counts in seen.items()}
        queued = {JobState.QUEUED: 1}
        assert counted == {
            None: {**queued, done: 2},
            "joe": {**queued, done: 1},
            "ann": {**queued, done: 1},
            "eve": queued,
        }

    @ensureDeferred
    async def test_a_list_follows_a_change_of_state_and_time(self, store: IStore) -> None:
        await store.commit(Batch(jobs=[job("a", updated=1), job("b", updated=2)]))
        await store.commit(Batch(jobs=[job("a", updated=3, state=JobState.COMPLETED)]))
        assert await ids(store) == ["a", "b"]
        assert await ids(store, states=(JobState.QUEUED,)) == ["b"]
        assert await ids(store, states=(JobState.COMPLETED,)) == ["a"]
        assert (await store.jobs(JobQuery(states=(JobState.QUEUED,)))).total == 1

    @ensureDeferred
    async def test_readers_see_what_is_theirs_or_shared(self, store: IStore) -> None:
        jobs = [
            job("joes"),
            job("anns", owner="ann", read=("joe", "joe", "ann")),
            job("everyones", owner="ann", read=("bob", "public")),
            job("anonymous", owner="public"),
        ]
        await store.commit(Batch(jobs=jobs))
        seen = {
            "joe": {"joes", "anns", "everyones"},
            "ann": {"anns", "everyones"},
            "bob": {"everyones"},
            "public": {"everyones", "anonymous"},
            "stranger": {"everyones"},
            "": {"everyones"},
            "all": {"everyones"},
            None: {"joes", "anns", "everyones", "anonymous"},
        }
        for reader, names in seen.items():
            for query in (JobQuery(reader=reader), JobQuery(reader=reader, fields={"info.priority": ["1"]})):
                page = await store.jobs(query)
                assert ({found.id for found in page.jobs}, page.total) == (names, len(names))

    @ensureDeferred
    async def test_steps_of_runs_are_left_out_if_that_is_asked(self, store: IStore) -> None:
        """Whatever else is asked, in whatever order, and of the numbers as well."""
        jobs = [job(str(number), updated=number, read=("ann",), name="n") for number in range(3)]
        steps = [job(f"s{number}", updated=number, parent=str(number), name="n") for number in range(3)]
        deleted = job("gone", state=JobState.DELETED, parent="0", read=("ann",))
        await store.commit(Batch(jobs=[*jobs, *steps, deleted]))
        for reader in (None, "joe", "ann"):
            for query in (
                JobQuery(reader=reader, top=True, limit=2),
                JobQuery(reader=reader, top=True, limit=2, words=("n",)),
                JobQuery(reader=reader, top=True, limit=2, order="info.priority"),
                JobQuery(reader=reader, top=True, limit=2, states=(JobState.QUEUED, JobState.DELETED)),
            ):
                page = await store.heads(query)
                assert ([found.job.id for found in page.records], page.total) == (["2", "1"], 3)
            counts = await store.counts(reader, top=True)
            assert {state: number for state, number in counts.items() if number} == {JobState.QUEUED: 3}
            assert await store.distinct("id", JobQuery(reader=reader, top=True)) == ["0", "1", "2"]

    @ensureDeferred
    async def test_a_changed_acl_counts_at_once(self, store: IStore) -> None:
        await store.commit(Batch(jobs=[job("a", read=("ann", "bob"))]))
        await store.commit(Batch(jobs=[job("a", owner="ann", read=("eve",))]))
        assert [await ids(store, reader=reader) for reader in ("joe", "bob", "ann", "eve")] == [[], [], ["a"], ["a"]]
        assert (await store.jobs(JobQuery(reader="bob"))).total == 0

    @ensureDeferred
    async def test_date_ranges(self, store: IStore) -> None:
        """The submit or the completed time is in the range; its start belongs to it, its end does not, and a job that
        is not completed has no completed time."""
        await store.commit(
            Batch(
                jobs=[
                    job("1", submittime=at(1)),
                    job("2", submittime=at(2), completedtime=at(8)),
                    job("3", submittime=at(3.000001)),
                    job("4", submittime=at(4), completedtime=at(4.5)),
                ]
            )
        )
        assert await found(store, since=at(3)) == {"2", "3", "4"}
        assert await found(store, until=at(3)) == {"1", "2"}
        assert await found(store, since=at(2), until=at(4)) == {"2", "3"}
        assert await found(store, since=at(4.5), until=at(8)) == {"4"}
        assert await found(store, since=at(3.000001), until=at(3.000002)) == {"3"}
        assert await found(store, since=at(9)) == set()
        assert await found(store, since=NO_TIME, fields={"id": ["3"]}) == {"3"}

    @ensureDeferred
    async def test_fields_of_every_type(self, store: IStore) -> None:
        odd = {"n": 3, "f": 2.5, "whole": 3.0, "yes": True, "text": "3", "true": "true", "none": None, "é ü": "ß"}
        await store.commit(
            Batch(
                jobs=[
                    job("a", name="n", project="p", priority=3, noretry=True, submittime=at(0.5), userattr=odd),
                    job(
                        "b",
                        name="m",
                        project="p",
                        userattr={"list": ["x", 4, False], "deep": {"er": {"x": "y"}}},
                        parent="a",
                    ),
                ]
            )
        )
        only_a = {
            "id": ["a"],
            "info.name": ["n"],
            "info.priority": ["3"],
            "info.noretry": ["true"],
            "info.submittime": ["2026-01-01T00:00:00.500000Z"],
            "info.userattr.n": ["3"],
            "info.userattr.f": ["x", "2.5"],
            "info.userattr.whole": ["3"],
            "info.userattr.yes": ["true"],
            "info.userattr.text": ["3"],
            "info.userattr.true": ["true"],
            "info.userattr.é ü": ["ß", "x"],
        }
        assert await found(store, fields={"info.parent": ["a"]}) == {"b"}
        for path, texts in only_a.items():
            assert await found(store, fields={path: texts}) == {"a"}, path
        assert await found(store, fields=only_a) == {"a"}
        assert await found(store, fields={"info.submittime": ["2026-01-01T01:00:00.5+01:00"]}) == {"a"}
        for text in ("x", "4", "false"):
            assert await found(store, fields={"info.userattr.list": [text]}) == {"b"}
        assert await found(store, fields={"info.userattr.deep.er.x": ["y"]}) == {"b"}
        assert await found(store, fields={"state": ["queued"], "info.project": ["p"]}) == {"a", "b"}
        assert await found(store, fields={"info.project": ["p"], "info.name": ["m"]}) == {"b"}
        assert await found(store, fields={"info.name": ["m", "n", "o"]}) == {"a", "b"}

    @ensureDeferred
    async def test_fields_that_match_nothing(self, store: IStore) -> None:
        odd = {"yes": True, "n": 1, "none": None, "list": [{"x": "y"}, [{"x": "y"}]]}
        await store.commit(Batch(jobs=[job("a", name="n", priority=1, userattr=odd)]))
        for path, text in {
            "info.userattr.list.x": "y",
            "info.userattr.list.0.x": "y",
            "info.name": "N",
            "info.priority": "one",
            "info.noretry": "0",
            "info.userattr": "yes",
            "info.userattr.yes": "1",
            "info.userattr.n": "true",
            "info.userattr.none": "null",
            "info": "name",
            "info.nothing": "",
            "nothing.at.all": "x",
            "": "",
            "tasks": "x",
        }.items():
            assert await found(store, fields={path: [text]}) == set(), path
        assert await found(store, fields={"info.name": []}) == set()
        assert await found(store, fields={"info.xref": []}) == set()

    @ensureDeferred
    async def test_submission_has_any_type(self, store: IStore) -> None:
        odd = 'a"\\é\n'
        values = {"text": "s1", "number": 7, "whole": 8.0, "fraction": 1.5, "yes": True, "digits": "7", "odd": odd}
        jobs = [job(name, userattr={"submission": value}) for name, value in values.items()]
        await store.commit(Batch(jobs=[*jobs, job("none"), job("null", userattr={"submission": None})]))
        wanted = {"s1": {"text"}, "7": {"number", "digits"}, "8": {"whole"}, "1.5": {"fraction"}, "true": {"yes"}}
        for text, names in {**wanted, odd: {"odd"}, "null": set(), '"s1"': set()}.items():
            assert await found(store, fields={"info.userattr.submission": [text]}) == names
        assert await store.distinct("info.userattr.submission", JobQuery()) == [True, 1.5, 7, 8, "7", odd, "s1"]

    @ensureDeferred
    async def test_fields_of_tasks_and_their_files(self, store: IStore) -> None:
        a, b = task("a", 0, app="blast", inputs=("x.fa", "y.fa")), task("b", 0, app="sort")
        b.task.depends_on = ["b_1"]
        b.task.userattr = {"stage": 2}
        b.task.state = TaskState.COMPLETED
        await store.commit(Batch(jobs=[job("a"), job("b"), job("c")], tasks=[a, b, task("b", 1, app="uniq")]))
        assert await found(store, fields={"tasks.cmd.name": ["blast"]}) == {"a"}
        assert await found(store, fields={"tasks.cmd.name": ["uniq", "blast"]}) == {"a", "b"}
        assert await found(store, fields={"tasks.state": ["completed"]}) == {"b"}
        assert await found(store, fields={"tasks.taskid": ["a_0"]}) == {"a"}
        assert await found(store, fields={"tasks.inputs.filename": ["y.fa"]}) == {"a"}
        assert await found(store, fields={"tasks.dependsOn": ["b_1"]}) == {"b"}
        assert await found(store, fields={"tasks.userattr.stage": ["2"]}) == {"b"}
        assert await found(store, fields={"tasks.inputs": ["x.fa"]}) == set()

    @ensureDeferred
    async def test_strangers_paths_and_values_are_data(self, store: IStore) -> None:
        """Whatever stands in a path or value, nothing is found that should not be, and nothing breaks."""
        attributes = {"x": "1", "$x": "2", "x]": "3"}
        await store.commit(Batch(jobs=[job("a", name="n", userattr=attributes)], tasks=[task("a", 0)]))
        assert await found(store, fields={"info.userattr.$x": ["2"]}) == {"a"}
        assert await found(store, fields={"info.userattr.x]": ["3"]}) == {"a"}
        for text in HOSTILE:
            assert await found(store, fields={"info.name": [text]}) == set()
            assert await found(store, fields={"info.userattr.x": [text]}) == set()
            for path in (text, f"info.{text}", f"info.userattr.{text}", f"tasks.{text}", f"tasks.inputs.{text}"):
                assert await found(store, fields={path: [text, "n", "1"]}) == set(), path
                assert await found(store, order=path) == {"a"}
                assert await store.distinct(path, JobQuery(reader="joe")) == []
            assert await found(store, reader=text) == set()

    @ensureDeferred
    async def test_numbers_that_are_none_match_nothing(self, store: IStore) -> None:
        await store.commit(Batch(jobs=[job("a", userattr={"x": 1})]))
        for number in ("1e999", "-1e999", "9" * 400, "9223372036854775808", "NaN", "Infinity", "0x1", "1_0"):
            for path in ("info.priority", "resumed", "info.userattr.x", "info.userattr.submission"):
                assert await found(store, fields={path: [number]}) == set()

    @ensureDeferred
    async def test_orders(self, store: IStore) -> None:
        """Nothing comes before numbers, numbers before texts, and texts are in order of their code points."""
        values = [2, 10, "b", "B", "é", -1.5, None, [], {"a": 1}]
        jobs = [job(str(index), userattr={"v": value}) for index, value in enumerate(values)]
        await store.commit(Batch(jobs=[*jobs, job("9")]))
        expected = ["6", "7", "8", "9", "5", "0", "1", "3", "2", "4"]
        assert await ids(store, order="info.userattr.v", descending=False) == expected
        assert await ids(store, order="info.userattr.v") == expected[::-1]
        for order in ("id", "nothing", "info", "tasks", "info.priority", ""):
            assert await ids(store, order=order) == [str(number) for number in range(9, -1, -1)]

    @ensureDeferred
    async def test_orders_of_times_know_fractions(self, store: IStore) -> None:
        times = {"a": 5.0, "b": 5.25, "c": 5.000001, "d": 6.0}
        jobs = [
            job(name, submittime=at(time), startedtime=at(time), start_at=at(time)) for name, time in times.items()
        ]
        await store.commit(Batch(jobs=jobs))
        for field in ("submittime", "startedtime", "start_at"):
            assert await ids(store, order=f"info.{field}", descending=False) == ["a", "c", "b", "d"]

    @ensureDeferred
    async def test_orders_go_with_conditions(self, store: IStore) -> None:
        jobs = [job(f"{n:02}", owner=("ann", "joe")[n % 2], name=f"n{n % 3}", priority=n % 5) for n in range(30)]
        await store.commit(Batch(jobs=jobs))
        page = await store.jobs(JobQuery(fields={"info.name": ["n1"]}, reader="joe", order="info.priority", limit=3))
        assert ([one.id for one in page.jobs], page.total) == (["19", "13", "07"], 5)

    @ensureDeferred
    async def test_distinct_values(self, store: IStore) -> None:
        anns = job("c", owner="ann", project="secret", userattr={"k": 2, "list": ["x", "y"]})
        anns.job.error = JobError(status="bad")
        await store.commit(
            Batch(
                jobs=[
                    job(
                        "a", project="p", priority=2, submittime=at(1.5), userattr={"k": "v", "list": ["z", 1, None]}
                    ),
                    job("b", project="q", priority=10, submittime=at(1.5), userattr={"k": True, "list": {"no": "x"}}),
                    anns,
                ],
                tasks=[task("a", 0, app="sort"), task("a", 1, app="awk"), task("c", 0, app="sed")],
            )
        )
        assert await store.distinct("info.project", JobQuery()) == ["p", "q", "secret"]
        assert await store.distinct("info.project", JobQuery(reader="joe")) == ["p", "q"]
        assert await store.distinct("info.priority", JobQuery()) == [1, 2, 10]
        assert await store.distinct("info.submittime", JobQuery(reader="joe")) == ["2026-01-01T00:00:01.500000Z"]
        assert await store.distinct("info.completedtime", JobQuery(reader="joe")) == ["0001-01-01T00:00:00Z"]
        assert await store.distinct("info.userattr.k", JobQuery()) == [True, 2, "v"]
        assert await store.distinct("info.userattr.list", JobQuery()) == [1, "x", "y", "z"]
        assert await store.distinct("error.status", JobQuery()) == ["bad"]
        assert await store.distinct("error.status", JobQuery(reader="joe")) == []
        assert await store.distinct("state", JobQuery()) == ["queued"]
        assert await store.distinct("tasks.cmd.name", JobQuery(reader="joe")) == ["awk", "sort"]
        assert await store.distinct("info.userattr.submission", JobQuery()) == []

    @ensureDeferred
    async def test_distinct_values_of_the_jobs_that_match(self, store: IStore) -> None:
        done = job("c", user="u", project="r", completedtime=at(9), state=JobState.COMPLETED)
        jobs = [job("a", user="u", project="p"), job("b", user="v", project="q", owner="ann"), done]
        await store.commit(Batch(jobs=jobs, tasks=[task("a", 0, app="sort"), task("b", 0, app="awk")]))

        async def found(path: str, **conditions: Any) -> list[object]:
            return await store.distinct(path, JobQuery(limit=1, offset=1, **conditions))

        for path in ("info.project", "tasks.jobid"):
            expected = {"info.project": ["p"], "tasks.jobid": ["a"]}[path]
            assert await found(path, fields={"info.user": ["u"]}, states=(JobState.QUEUED,)) == expected
            assert await found(path, fields={"tasks.cmd.name": ["sort"]}) == expected
            assert await found(path, id_prefix="a") == expected
            assert await found(path, fields={"info.user": ["v"]}, reader="joe") == []
        assert await found("info.project", since=at(9), until=at(10)) == ["r"]
        assert await found("info.user", since=at(9), until=at(10), reader="joe") == ["u"]

    @ensureDeferred
    async def test_distinct_numbers_that_no_database_holds_whole(self, store: IStore) -> None:
        values = [10**30, -(10**30), 2**63 - 1, 10**400, 7]
        await store.commit(Batch(jobs=[job(str(index), userattr={"v": value}) for index, value in enumerate(values)]))
        assert await store.distinct("info.userattr.v", JobQuery()) == [-1e30, 7, 2**63 - 1, 1e30]

    @ensureDeferred
    async def test_gone_jobs_are_in_no_list(self, store: IStore) -> None:
        await store.commit(Batch(jobs=[job(name, project=name, read=("ann",)) for name in ("a", "b")]))
        await store.commit(Batch(gone_jobs=["a"]))
        for query in (JobQuery(), JobQuery(reader="ann"), JobQuery(fields={"info.priority": ["1"]})):
            page = await store.jobs(query)
            assert ([left.id for left in page.jobs], page.total) == (["b"], 1)
        assert await store.distinct("info.project", JobQuery()) == ["b"]

    @ensureDeferred
    async def test_jobs_that_come_to_the_same_state_are_counted(self, store: IStore) -> None:
        """One after the other, as they do: the second finds the state's counter there already."""
        for name in ("a", "b"):
            await store.commit(Batch(jobs=[job(name, state=JobState.INIT)]))
            await store.commit(Batch(jobs=[job(name, state=JobState.QUEUED)]))
        assert (await store.jobs(JobQuery(states=(JobState.QUEUED,), limit=1))).total == 2
        assert (await store.jobs(JobQuery(states=(JobState.INIT,)))).total == 0


async def ids(store: IStore, **query: Any) -> list[str]:
    """The ids of a page, in order."""
    return [one.id for one in (await store.jobs(JobQuery(**query))).jobs]


async def found(store: IStore, **query: Any) -> set[str]:
    """The ids of all that match; the total must agree."""
    page = await store.jobs(JobQuery(**query, limit=0))
    assert page.total == len(page.jobs)
    return {one.id for one in page.jobs}
