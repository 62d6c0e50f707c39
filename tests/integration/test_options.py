"""Every option that a document can give a file, through a real daemon and a real worker."""

import bz2
import gzip
import json
from typing import Any

import pytest
from pytest_twisted import ensureDeferred

from tests.integration.daemon import Daemon, Refused
from tests.integration.jobs import content, ended, from_task, job, reaches, shell, start, uploaded

pytestmark = pytest.mark.slow


async def node_of(daemon: Daemon, file: dict[str, Any]) -> Any:
    """The document of a file's node."""
    return await daemon.call("GET", f"/node/{file['node']}")


async def outputs_of(daemon: Daemon, *tasks: dict[str, Any]) -> list[dict[str, Any]]:
    """The outputs of the last of *tasks*, whose job must be completed."""
    done = await ended(daemon, job(*tasks, noretry=True))
    assert done["state"] == "completed", done
    outputs: list[dict[str, Any]] = done["tasks"][-1]["outputs"]
    return outputs


async def reason_of(daemon: Daemon, task: dict[str, Any]) -> str:
    """Why *task* fails."""
    failed = await ended(daemon, job(task, noretry=True))
    assert failed["state"] == "suspend", failed
    reason: str = failed["error"]["worknotes"]
    return reason


# What an output must be.


@ensureDeferred
async def test_an_empty_file_is_an_output_unless_it_must_be_nonzero(farm: Daemon) -> None:
    [empty] = await outputs_of(farm, shell("true > out", outputs=[{"filename": "out"}]))
    assert (await node_of(farm, empty))["file"]["checksum"]["md5"] == "d41d8cd98f00b204e9800998ecf8427e"
    strict = shell("true > out", outputs=[{"filename": "out", "nonzero": True}])
    assert await reason_of(farm, strict) == "empty output files: out"


@ensureDeferred
async def test_an_optional_output_may_be_missing(farm: Daemon) -> None:
    task = shell("echo x > there", outputs=[{"filename": "gone", "optional": True}, {"filename": "there"}])
    gone, there = await outputs_of(farm, task)
    assert (gone["size"], there["size"]) == (0, 2)
    assert (await node_of(farm, gone))["file"]["checksum"] == {}


@ensureDeferred
async def test_an_output_lies_in_the_directory_it_names(farm: Daemon) -> None:
    put = shell("echo deep > a/b/out", outputs=[{"filename": "out", "directory": "a/b"}])
    get = shell("cp c/out copy", inputs=[from_task(0, "out", directory="c")], outputs=[{"filename": "copy"}])
    [copy] = await outputs_of(farm, put, get)
    assert await content(copy) == b"deep\n"


@ensureDeferred
async def test_an_output_has_the_name_in_shock_that_it_is_given(farm: Daemon) -> None:
    named = {"filename": "out", "shockfilename": "reads.fasta"}
    [whole] = await outputs_of(farm, shell("echo x > out", outputs=[named]))
    assert (await node_of(farm, whole))["file"]["name"] == "reads.fasta"
    [merged] = await outputs_of(farm, shell("echo x > out", totalwork=2, outputs=[named]))
    assert (await node_of(farm, merged))["file"]["name"] == "reads.fasta"


# Attributes.


@ensureDeferred
async def test_nodeattr_becomes_the_attributes(farm: Daemon) -> None:
    [output] = await outputs_of(farm, shell("echo > out", outputs=[{"filename": "out", "nodeattr": {"a": [1]}}]))
    assert (await node_of(farm, output))["attributes"] == {"a": [1]}


@ensureDeferred
async def test_attrfile_adds_to_nodeattr_what_the_command_writes(farm: Daemon) -> None:
    output = {"filename": "out", "nodeattr": {"a": 1, "b": 1}, "attrfile": "attr.json"}
    [output] = await outputs_of(farm, shell("""echo > out\necho '{"b": 2}' > attr.json""", outputs=[output]))
    assert (await node_of(farm, output))["attributes"] == {"a": 1, "b": 2}


@ensureDeferred
async def test_attrfile_of_an_input_holds_its_attributes_and_nofile_leaves_the_rest(farm: Daemon) -> None:
    make = shell("echo > data", outputs=[{"filename": "data", "nodeattr": {"k": "v"}}])
    both: dict[str, Any] = {
        "inputs": [from_task(0, "data", attrfile="attr.json", nofile=True)],
        "outputs": [{"filename": "out"}],
    }
    [output] = await outputs_of(farm, make, shell("test ! -e data && cp attr.json out", **both))
    assert json.loads(await content(output)) == {"k": "v"}


@ensureDeferred
async def test_nofile_is_a_node_of_attributes_alone(farm: Daemon) -> None:
    [output] = await outputs_of(
        farm, shell("true", outputs=[{"filename": "out", "nofile": True, "nodeattr": {"k": 1}}])
    )
    node = await node_of(farm, output)
    assert (node["attributes"], node["file"]["checksum"]) == ({"k": 1}, {})


@ensureDeferred
async def test_shockindex_makes_that_index(farm: Daemon) -> None:
    lines = {"filename": "out", "shockindex": "line"}
    [whole] = await outputs_of(farm, shell("echo a > out\necho b >> out", outputs=[lines]))
    assert (await node_of(farm, whole))["indexes"]["line"]["total_units"] == 2
    [merged] = await outputs_of(farm, shell("echo a > out", totalwork=3, outputs=[lines]))
    assert (await node_of(farm, merged))["indexes"]["line"]["total_units"] == 3


# Outputs that are no upload.


@ensureDeferred
async def test_a_copy_shares_the_bytes_of_an_input(farm: Daemon) -> None:
    source = await uploaded(farm, "in", b"shared\n")
    output = {"filename": "out", "type": "copy", "formoptions": {"parent_name": "in"}, "nodeattr": {"copied": True}}
    [output] = await outputs_of(farm, shell("true", inputs=[source], outputs=[output]))
    assert await content(output) == b"shared\n"
    node = await node_of(farm, output)
    assert (node["type"], node["attributes"]) == ("copy", {"copied": True})


@ensureDeferred
async def test_a_subset_is_the_records_whose_numbers_the_command_writes(farm: Daemon) -> None:
    source = await uploaded(farm, "in", b"one\ntwo\nthree\n")
    await farm.call("PUT", f"/node/{source['node']}/index/line")
    options = {"parent_node": source["node"], "parent_index": "line"}
    output = {"filename": "numbers", "type": "subset", "formoptions": options}
    [output] = await outputs_of(farm, shell("echo 1 > numbers\necho 3 >> numbers", inputs=[source], outputs=[output]))
    assert await content(output) == b"one\nthree\n"


@ensureDeferred
async def test_subsets_are_taken_of_subsets_by_the_index_that_an_input_asks_for(farm: Daemon) -> None:
    """As production workflows screen reads, step by step."""
    reads = {**await uploaded(farm, "reads", b">a\nA\n>b\nC\n>c\nG\n"), "shockindex": "record"}

    def kept(name: str, parent: str) -> dict[str, Any]:
        options = {"parent_name": parent, "parent_index": "record"}
        return {"filename": name, "type": "subset", "formoptions": options}

    first = shell("echo 2 > some\necho 3 >> some", inputs=[reads], outputs=[kept("some", "reads")])
    again = from_task(0, "some", shockindex="record")
    second = shell("echo 2 > few", after=["0"], inputs=[again], outputs=[kept("few", "some")])
    [few] = await outputs_of(farm, first, second)
    assert await content(few) == b">c\nG\n"
    assert (await node_of(farm, few))["indexes"]["record"]["total_units"] == 1


@ensureDeferred
async def test_an_update_by_name_changes_the_attributes_of_an_input_and_nothing_else(farm: Daemon) -> None:
    source = await uploaded(farm, "in", b"kept\n")
    output = {"filename": "in", "type": "update", "attrfile": "attr.json"}
    task = shell("""echo '{"seen": 1}' > attr.json""", inputs=[source], outputs=[output])
    [output] = await outputs_of(farm, task)
    assert output["node"] == source["node"]
    assert (await node_of(farm, source))["attributes"] == {"seen": 1}
    assert await content(output) == b"kept\n"


@ensureDeferred
async def test_an_update_by_origin_changes_what_another_task_made(farm: Daemon) -> None:
    make = shell("echo > out", outputs=[{"filename": "out", "nodeattr": {"old": 1}}])
    update = shell("true", outputs=[{"filename": "out", "type": "update", "origin": "0", "nodeattr": {"new": 1}}])
    [output] = await outputs_of(farm, make, update)
    assert (await node_of(farm, output))["attributes"] == {"new": 1}


@ensureDeferred
async def test_who_updates_a_node_does_not_own_it(farm: Daemon) -> None:
    """It stays when the task runs once more, and when its job goes."""
    source = await uploaded(farm, "in", b"kept\n")
    task = shell("true", outputs=[{**source, "type": "update", "nodeattr": {"n": 1}}])
    done = await ended(farm, job(task))
    await farm.call("PUT", f"/job/{done['id']}?recompute=0")
    again = await reaches(farm, done["id"], "completed", "suspend")
    assert again["state"] == "completed", again
    await farm.call("DELETE", f"/job/{done['id']}?full")
    assert (await node_of(farm, source))["attributes"] == {"n": 1}


# What an input is.


@ensureDeferred
async def test_inputs_are_uncompressed(farm: Daemon) -> None:
    packed = [
        {**await uploaded(farm, "a.gz", gzip.compress(b"a\n")), "uncompress": "gzip"},
        {**await uploaded(farm, "b.bz2", bz2.compress(b"b\n")), "uncompress": "bzip2"},
    ]
    [output] = await outputs_of(farm, shell("cat a.gz b.bz2 > out", inputs=packed, outputs=[{"filename": "out"}]))
    assert await content(output) == b"a\nb\n"


@pytest.mark.parametrize("place", ["predata", "inputs"])
@ensureDeferred
async def test_what_is_shared_is_fetched_once_for_each_worker(daemon: Daemon, place: str) -> None:
    start(daemon)
    start(daemon, "v")
    reference = await uploaded(daemon, "reference", b"much\n")
    others = [await uploaded(daemon, name, b"x") for name in ("one", "two")]  # of several inputs none is split
    files: dict[str, Any] = {"inputs": others, "outputs": [{"filename": "out"}]}
    files[place] = [*files.get(place, []), {**reference, "cache": True}]
    [output] = await outputs_of(daemon, shell("cp reference out", totalwork=8, **files))
    assert await content(output) == b"much\n" * 8
    await daemon.stop()  # its log is complete then
    lines = map(json.loads, (daemon.data / "logs" / "access.log").read_text().splitlines())
    path = f"/node/{reference['node']}"
    fetched = [line for line in lines if line["path"] == path and line["bytes"] == len(b"much\n")]
    assert len(fetched) == len([*daemon.stage.folder.glob("[vw]/cache/*")])


# What goes in the end.


async def vanishes(daemon: Daemon, file: dict[str, Any]) -> None:
    """Wait until a file's node is gone."""
    try:
        while await node_of(daemon, file):
            pass
    except Refused as refused:
        assert refused.status == 404


@ensureDeferred
async def test_temporary_outputs_and_inputs_to_delete_go_with_the_end_of_the_job(farm: Daemon) -> None:
    source = await uploaded(farm, "in", b"x\n")
    outputs = [{"filename": "mid", "temporary": True}, {"filename": "old", "delete": True}, {"filename": "kept"}]
    first = shell("cp in mid\ncp in old\ncp in kept", inputs=[{**source, "delete": True}], outputs=outputs)
    second = shell("cp mid out", inputs=[from_task(0, "mid")], outputs=[{"filename": "out"}])
    done = await ended(farm, job(first, second))
    mid, old, kept = done["tasks"][0]["outputs"]
    for file in (mid, old, source):
        await vanishes(farm, file)
    assert await content(kept) == await content(done["tasks"][1]["outputs"][0]) == b"x\n"
