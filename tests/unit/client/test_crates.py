"""Crates with the files that they name."""

import json
import zipfile
from pathlib import Path
from typing import Any, BinaryIO, cast

from awed.client.blocking import Server
from awed.client.crates import METADATA, fetch_crate


class Shelf:
    """Has a crate with these files, each with its name as its content."""

    url = "http://server"

    def __init__(self, *names: str) -> None:
        files = [
            {"@id": f"http://server/node/{number}?download", "@type": "File", "name": name}
            for number, name in enumerate(names)
        ]
        self._names = names
        self._metadata: dict[str, Any] = {"@graph": [{"@id": "./", "@type": "Dataset"}, *files]}

    def download(self, url: str, file: BinaryIO) -> None:
        if url.endswith("?crate"):
            with zipfile.ZipFile(file, "w") as crate:
                crate.writestr(METADATA, json.dumps(self._metadata))
        else:
            file.write(self._names[int(url.partition("/node/")[2].partition("?")[0])].encode())


def test_no_file_lies_where_another_one_has_a_folder(tmp_path: Path) -> None:
    """Else the crate could not be unpacked."""
    names = ("a", "a/b", "c/d", "c", "a", "../a b", "/")
    assert fetch_crate(cast(Server, Shelf(*names)), "job", tmp_path / "crate.zip", files=True) == []
    with zipfile.ZipFile(tmp_path / "crate.zip") as crate:
        crate.extractall(tmp_path / "out")
    paths = sorted(path for path in (tmp_path / "out" / "files").rglob("*") if path.is_file())
    assert sorted(path.read_text() for path in paths) == sorted(names)
    metadata = json.loads((tmp_path / "out" / METADATA).read_text())
    assert [one["@id"] for one in metadata["@graph"][1:4]] == ["files/a", "files/2/a/b", "files/c/d"]
