"""Tasks whose files are in the daemon's own node store."""

from typing import Any

from tests.unit.api.served import Served, data
from tests.unit.tes.tasks import ECHO, create, get, run

OUTPUTS = {"path": "/out", "url": "own:/node", "type": "DIRECTORY"}


def own(served: Served, **task: Any) -> dict[str, Any]:
    """A task with outputs that become nodes."""
    return {**ECHO, "outputs": [OUTPUTS], **task}


def test_the_own_store_has_the_address_that_each_asker_knows(served: Served) -> None:
    """A task that one sent over loopback is run on another machine."""
    here = served.call("GET", "/").json["url"].rstrip("/")
    for url in ("own:/node", f"{here}/node"):
        task = create(served, own(served, outputs=[{**OUTPUTS, "url": url}]))
        log = {"outputs": [{"url": f"{here}/node/1", "path": "/out/a", "size_bytes": "3"}]}
        unit = run(served, log)
        assert unit["tes"]["outputs"][0]["url"] == f"{here}/node"
        shown = get(served, task, "BASIC")
        assert shown["outputs"][0]["url"] == f"{here}/node"
        assert shown["logs"][0]["outputs"] == [{"url": f"{here}/node/1", "path": "/out/a", "size_bytes": "3"}]


def test_own_nodes_can_be_inputs_without_an_address(served: Served) -> None:
    node = data(served.call("POST", "/node", {"upload": b"text"}))["id"]
    create(served, own(served, inputs=[{"path": "/in", "url": f"own:/node/{node}?download"}]))
    unit = run(served)
    (read,) = unit["inputs"]
    assert (read["node"], read["url"]) == (node, unit["tes"]["inputs"][0]["url"])


def test_workers_get_a_token_to_make_nodes_as_the_submitter(served: Served) -> None:
    create(served, own(served), user="ann")
    unit = run(served)
    assert unit["info"]["auth"]
    create(served, {**ECHO}, user="ann")
    assert not run(served)["info"]["auth"]
