"""``etc/Containerfile``: what it copies is there, what it starts is understood, and it does not run as root."""

import json
import re
from collections.abc import Iterator

from awed.daemon.listening import descriptions
from tests.unit.etc.programs import ETC, ROOT, daemon

USER = "10001"
DAEMON_DIRECTORY = "/var/lib/awed"
WORKER_DIRECTORY = "/var/lib/awe-worker"


def instructions() -> Iterator[tuple[str, str]]:
    """Each instruction with what it says, continued lines joined."""
    text = (ETC / "Containerfile").read_text().replace("\\\n", "")
    for line in text.splitlines():
        if line and not line.startswith("#"):
            word, _, rest = line.partition(" ")
            yield word, " ".join(rest.split())


STAGES: list[list[tuple[str, str]]] = []
for instruction in instructions():
    if instruction[0] == "FROM":
        STAGES.append([])
    STAGES[-1].append(instruction)


def test_only_instructions_that_every_builder_knows_and_one_base() -> None:
    assert {word for word, _ in instructions()} <= {
        "FROM",
        "COPY",
        "RUN",
        "ENV",
        "USER",
        "EXPOSE",
        "ENTRYPOINT",
        "CMD",
    }
    bases = [re.fullmatch(r"(\S+:\S+)(?: AS build)?", stage[0][1]) for stage in STAGES]
    assert len({base[1] for base in bases if base}) == 1
    assert len(STAGES) == 2


def test_what_is_built_from_is_here_and_enough() -> None:
    [files, awed, twisted] = [rest.split() for word, rest in STAGES[0] if word == "COPY"]
    assert (files[-1], awed, twisted) == ("/src/", ["awed", "/src/awed"], ["twisted", "/src/twisted"])
    assert set(files[:-1]) == {"LICENSE", "README.rst", "pyproject.toml", "setup.py"}
    assert all((ROOT / name).exists() for name in (*files[:-1], awed[0], twisted[0]))


def test_it_runs_as_a_numbered_user_whose_directories_are_made_before() -> None:
    """A number, so that Kubernetes sees that it is not root. What root must do comes before."""
    words = [word for word, _ in STAGES[1]]
    assert dict(STAGES[1])["USER"] == f"{USER}:{USER}"
    made = next(rest for word, rest in STAGES[1] if word == "RUN" and "useradd" in rest)
    assert f"--uid {USER} " in made
    assert made.endswith(f"--mode=700 {DAEMON_DIRECTORY} {WORKER_DIRECTORY}")
    assert "RUN" not in words[words.index("USER") :]


def test_the_list_of_plugins_is_made_while_it_can_be_written() -> None:
    copied = STAGES[1].index(("COPY", "--from=build /opt/awed /opt/awed"))
    assert STAGES[1].index(("RUN", "twistd --help > /dev/null")) > copied


def test_what_it_starts_by_itself_is_a_daemon_that_asks_for_its_settings() -> None:
    """Without a configuration it refuses to listen on all addresses, and says why."""
    config = daemon(json.loads(dict(STAGES[1])["CMD"]), {})
    assert config.directories.data == DAEMON_DIRECTORY
    assert list(descriptions(config)) == [f"tcp:{dict(STAGES[1])['EXPOSE']}"]
    assert json.loads(dict(STAGES[1])["ENTRYPOINT"]) == ["/usr/bin/tini", "--"]
