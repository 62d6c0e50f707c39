"""Crates: downloaded, and filled with the files that they name."""

import hashlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any

from tests.unit.cli.conftest import Awe
from tests.unit.cli.fake import JOB_ID, FakeServer

METADATA = "ro-crate-metadata.json"


def file(address: str, name: str, content: bytes = b"") -> dict[str, Any]:
    return {"@id": address, "@type": "File", "name": name, "md5": hashlib.md5(content).hexdigest()}


def serve(server: FakeServer, *files: dict[str, Any]) -> bytes:
    """Have *server* give a crate with these files: its bytes."""
    parts = [{"@id": one["@id"]} for one in files]
    root = {"@id": "./", "@type": "Dataset", "hasPart": [{"@id": "job.json"}, *parts]}
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr(METADATA, json.dumps({"@context": [], "@graph": [*files, root]}))
        archive.writestr("job.json", "{}")
    server.raw(f"GET /job/{JOB_ID}?crate", (200, written.getvalue()))
    return written.getvalue()


def node(server: FakeServer, name: str, content: bytes) -> dict[str, Any]:
    server.raw(f"GET /node/{name}?download", (200, content))
    return file(f"{server.url}/node/{name}?download", "out.txt", content)


def test_a_crate_is_a_file_named_after_its_job(
    server: FakeServer, awe: Awe, tmp_path: Path, monkeypatch: Any, capsys: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    content = serve(server)
    assert awe("crate", JOB_ID) == 0
    assert capsys.readouterr().out == f"{JOB_ID}.crate.zip\n"
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [(f"{JOB_ID}.crate.zip", content)]


def test_files_come_into_the_crate_under_names_of_their_own(server: FakeServer, awe: Awe, tmp_path: Path) -> None:
    """Equal names, and an empty file; those that lead out of the crate stay in it."""
    files = [node(server, "n1", b"one"), node(server, "n2", b"two"), node(server, "n3", b"")]
    files[2]["name"] = "../../etc/pass wd"
    serve(server, *files)
    assert awe("crate", JOB_ID, "--files", "-o", str(tmp_path / "c.zip")) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["c.zip"]
    archive = zipfile.ZipFile(tmp_path / "c.zip")
    contents = {name: archive.read(name) for name in archive.namelist() if name.startswith("files/")}
    assert contents == {"files/out.txt": b"one", "files/2/out.txt": b"two", "files/etc/pass wd": b""}
    graph = json.loads(archive.read(METADATA))["@graph"]
    ids = ["files/out.txt", "files/2/out.txt", "files/etc/pass%20wd"]
    assert [entity["@id"] for entity in graph] == [*ids, "./"]
    assert graph[-1]["hasPart"] == [{"@id": one} for one in ["job.json", *ids]]
    assert graph[0]["contentUrl"] == files[0]["@id"]
    assert archive.read("job.json") == b"{}"


def test_a_file_that_cannot_be_had_stays_an_address(
    server: FakeServer, awe: Awe, tmp_path: Path, capsys: Any
) -> None:
    gone = file(f"{server.url}/node/gone?download", "gone.txt")
    server.refuse("GET /node/gone?download", 404, "Node not found")
    serve(server, gone, node(server, "n1", b"one"))
    assert awe("crate", JOB_ID, "--files", "-o", str(tmp_path / "c.zip")) == 3
    assert capsys.readouterr().err == "awe: gone.txt: Node not found\n"
    archive = zipfile.ZipFile(tmp_path / "c.zip")
    assert set(archive.namelist()) == {METADATA, "job.json", "files/out.txt"}
    assert json.loads(archive.read(METADATA))["@graph"][0] == gone


def test_a_damaged_file_is_in_no_crate(server: FakeServer, awe: Awe, tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "c.zip").write_text("old")
    damaged = node(server, "n1", b"one")
    damaged["md5"] = "0" * 32
    serve(server, damaged)
    assert awe("crate", JOB_ID, "--files", "-o", str(tmp_path / "c.zip")) == 3
    assert "files/out.txt arrived damaged: its MD5 is" in capsys.readouterr().err
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("c.zip", "old")]


def test_there_is_no_crate_of_a_job_that_runs(server: FakeServer, awe: Awe, tmp_path: Path, capsys: Any) -> None:
    server.refuse(f"GET /job/{JOB_ID}?crate", 400, "job is queued")
    assert awe("crate", JOB_ID, "-o", str(tmp_path / "c.zip")) == 3
    assert capsys.readouterr().err == "awe: job is queued\n"
    assert not list(tmp_path.iterdir())
