"""``constraints.txt`` and ``pyproject.toml`` agree."""

import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]


def test_whatever_is_needed_is_there_in_a_version_that_will_do() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    versions = {canonicalize_name(name): version for name, _, version in (line.partition("==") for line in lines)}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    needed = [*project["dependencies"], *extras["docs"], *extras["test"], *extras["dev"]]
    for requirement in map(Requirement, needed):
        if requirement.name != "awed":
            version = versions.get(canonicalize_name(requirement.name), "none")
            assert requirement.specifier.contains(version, prereleases=True), (requirement, version)
