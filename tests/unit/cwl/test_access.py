"""The outputs of steps as a file system."""

import pytest

from awed.cwl.access import Access, Listing
from awed.cwl.nodes import Nodes
from awed.model.tes import OutputLog
from tests.unit.cwl.tools import NOWHERE

NODE = f"{NOWHERE.url}/node/00000000-0000-0000-0000-000000000001"


@pytest.fixture
def access() -> Access:
    """A step has left some files."""
    made = Access(Nodes(NOWHERE))
    paths = ["a.txt", "b c#%.txt", ".hidden", "d/e/f.txt", "empty/"]
    outputs = [OutputLog(NODE, f"/var/spool/cwl/{path}", "7") for path in paths]
    assert made.add("job", Listing("/var/spool/cwl", outputs)) == "awe://job"
    return made


def test_patterns_find_what_a_shell_would(access: Access) -> None:
    assert access.glob("awe://job/*.txt") == ["awe://job/a.txt", "awe://job/b%20c%23%25.txt"]
    assert access.glob("awe://job/d/*/f.*") == ["awe://job/d/e/f.txt"]
    assert access.glob("awe://job/.h*") == ["awe://job/.hidden"]
    assert access.glob("awe://job/./d/") == ["awe://job/d"]
    assert access.glob("awe://job") == ["awe://job"]
    assert access.glob("awe://job/none*") == []


def test_directories_are_there_empty_ones_too(access: Access) -> None:
    assert access.listdir("awe://job/d") == ["awe://job/d/e"]
    assert access.listdir("awe://job/empty") == []
    assert access.isdir("awe://job/empty")
    assert access.isdir("awe://job")
    assert not access.isdir("awe://job/a.txt")
    with pytest.raises(FileNotFoundError):
        access.listdir("awe://job/a.txt")


def test_a_step_that_left_nothing_has_an_empty_directory() -> None:
    access = Access(Nodes(NOWHERE))
    place = access.add("job", Listing("/out", [OutputLog(NODE, "/out/", "0")]))
    assert access.listdir(place) == []


def test_files_have_sizes_and_addresses_that_are_the_same_for_all(access: Access) -> None:
    assert access.size("awe://job/b%20c%23%25.txt") == 7
    assert access.isfile("awe://job/d/e/f.txt")
    assert not access.exists("awe://job/other")
    assert access.address("awe://job/a.txt") == "own:/node/00000000-0000-0000-0000-000000000001?download"
    with pytest.raises(FileNotFoundError):
        access.size("awe://job/other")


def test_a_whole_location_is_not_joined(access: Access) -> None:
    assert access.join("awe://job", "a.txt") == "awe://job/a.txt"
    assert access.join("awe://job", "awe://job/a.txt") == "awe://job/a.txt"
