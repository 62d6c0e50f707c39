"""The documentation is whole, and what it says of the code is there."""

import ast
import re
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from awed.model.errors import Invalid
from awed.workflow.reader import read_submission
from tests.pages import DOCS, NOT_RUN, ROOT, Block, blocks, practical_pages

CONFORMANCE = ROOT / "tests" / "integration" / "conformance"
BESIDE = {"test_replay", "test_bad_input"}
"""Modules of tests that are about no single call."""


def test_the_page_on_the_api_names_the_test_of_each_call() -> None:
    page = (DOCS / "reference" / "api.rst").read_text()
    modules = [path for path in CONFORMANCE.glob("test_*.py") if path.stem not in BESIDE]
    items = [item for path in modules for item in ast.parse(path.read_text()).body]
    tests = {item.name for item in items if isinstance(item, ast.AsyncFunctionDef) and item.name.startswith("test_")}
    assert set(re.findall(r"``(test_\w+)``", page)) == tests


@pytest.mark.slow
def test_it_is_built_without_a_warning(tmp_path: Path) -> None:
    """And so every field of a document is told of, and every call, setting and command has its place."""
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "dummy", str(DOCS), str(tmp_path)]
    built = subprocess.run(command, check=False, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr


CANNOT_RUN = {
    "docs/howto/cluster.rst": 7,  # batch systems, containers
    "docs/howto/containers.rst": 2,  # an image, and an engine for it
    "docs/howto/cwl.rst": 4,  # installs, and needs a sandbox: tests/integration/test_cwl.py
    "docs/howto/monitoring.rst": 1,  # a file of Prometheus
    "docs/howto/moving.rst": 1,  # a database of the original
    "docs/howto/nextflow.rst": 2,  # another's program
    "docs/howto/provenance.rst": 1,  # others' programs: tests/integration/test_crates.py
    "docs/howto/sandbox.rst": 1,  # needs a sandbox, which not every machine allows
    "docs/howto/snakemake.rst": 2,  # another's program: tests/integration/test_tes_clients.py
    "docs/howto/systemd.rst": 2,  # changes the machine
    "docs/howto/tes.rst": 1,  # needs a sandbox
    "docs/howto/toil.rst": 3,  # another's program: tests/integration/test_tes_clients.py
    "docs/howto/urls.rst": 2,  # an S3 store
    "docs/howto/wes.rst": 1,  # needs a sandbox: tests/integration/test_runs.py
    "docs/tutorial/containers.rst": 2,  # images of others: tests/integration/test_containers.py
    "docs/tutorial/cwl.rst": 2,  # installs, and copies a file
    "docs/tutorial/first-job.rst": 2,  # installs, and goes to a directory
}
"""How many blocks of a page no test runs, and why."""


def test_every_example_is_run_but_for_those_that_are_known() -> None:
    """``tests/integration/test_examples.py`` runs them."""
    found = [block for page in practical_pages() for block in blocks(page)]
    assert Counter(block.page for block in found if NOT_RUN in block.classes) == CANNOT_RUN
    assert not [block for block in found if not (block.is_command or block.caption or NOT_RUN in block.classes)]


@pytest.mark.parametrize("page", practical_pages(), ids=str)
def test_every_file_of_an_example_is_used_by_a_command(page: Path) -> None:
    found = blocks(page)
    commands = "".join(block.text for block in found if block.language == "console")
    files = [block for block in found if block.caption and block.language != "json"]
    assert not [block.place for block in files if block.caption not in commands]


DOCUMENTS = [block for page in sorted(DOCS.rglob("*.rst")) for block in blocks(page) if block.language == "json"]


def problem(block: Block) -> str:
    """What is wrong with a document once ``awe submit --input`` filled in its inputs."""
    document = msgspec.json.decode(block.text)
    for task in document["tasks"]:
        for io in task.get("inputs", []):
            if not io.keys() & {"origin", "node", "url"}:
                io["url"] = "http://example.org/file"
    try:
        read_submission(msgspec.json.encode(document), now=datetime.now(UTC), new_id=lambda: "id")
    except Invalid as error:
        return "; ".join(error.texts)
    return ""


@pytest.mark.parametrize("block", DOCUMENTS, ids=[block.place for block in DOCUMENTS])
def test_documents_are_taken_by_the_reader(block: Block) -> None:
    assert bool(problem(block)) == ("wrong" in block.classes), problem(block)
