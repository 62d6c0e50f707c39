"""``etc/compose.yaml``: its commands are understood, its parts fit together, and nobody from outside comes in."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.etc.programs import ETC, can_be_asked, daemon, worker
from tests.unit.etc.test_containerfile import DAEMON_DIRECTORY, WORKER_DIRECTORY

FILE = ETC / "compose.yaml"
COMPOSE: dict[str, Any] = yaml.safe_load(FILE.read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
AWED, WORKER, MONGODB = SERVICES["awed"], SERVICES["worker"], SERVICES["mongodb"]


def test_the_daemon_listens_for_this_machine_and_keeps_its_jobs_in_the_database(tmp_path: Path) -> None:
    [mounted] = AWED["configs"]
    file = tmp_path / "awed.conf"
    file.write_text(COMPOSE["configs"][mounted["source"]]["content"])
    config = daemon(AWED["command"], {mounted["target"]: file})
    assert config.server.store == "mongodb://mongodb/AWEDB?replicaSet=rs0"
    assert config.ports.listen == ("tcp:8001",)
    assert AWED["volumes"] == [f"awed:{config.directories.data}"] == [f"awed:{DAEMON_DIRECTORY}"]
    assert config.security.anonymous_beyond_loopback
    assert AWED["ports"] == ["127.0.0.1:8001:8001"]
    assert all("ports" not in service for service in (WORKER, MONGODB))


def test_two_workers_that_find_the_daemon_each_with_a_directory_of_its_own() -> None:
    options = worker(WORKER["command"], {})
    assert options["server"] == "http://awed:8001"
    assert WORKER["volumes"] == [str(options["workdir"])] == [WORKER_DIRECTORY]
    assert WORKER["deploy"] == {"replicas": 2}
    assert WORKER["image"] == AWED["image"]


def test_the_image_is_built_from_the_container_file() -> None:
    build = AWED["build"]
    assert (FILE.parent / build["context"] / build["dockerfile"]).samefile(ETC / "Containerfile")


def test_nobody_begins_before_what_it_needs() -> None:
    for service in SERVICES.values():
        for other, how in service.get("depends_on", {}).items():
            assert how == {"condition": "service_healthy"}
            assert "healthcheck" in SERVICES[other]
    assert (list(AWED["depends_on"]), list(WORKER["depends_on"])) == (["mongodb"], ["awed"])


def test_the_daemon_s_health_is_what_it_says_itself() -> None:
    *python, program = AWED["healthcheck"]["test"]
    assert python == ["CMD", "python", "-c"]
    compile(program, "healthcheck", "exec")
    url = program.split("'")[1]
    assert url.startswith("http://127.0.0.1:8001/")
    assert can_be_asked(url.removeprefix("http://127.0.0.1:8001"))


def test_the_replica_set_has_one_name() -> None:
    assert MONGODB["command"] == ["mongod", "--replSet", "rs0", "--bind_ip_all"]
    assert '_id: "rs0", members: [{_id: 0, host: "mongodb:27017"}]' in MONGODB["healthcheck"]["test"][-1]


def test_volumes_that_have_a_name_are_declared() -> None:
    named = {name for service in SERVICES.values() for volume in service["volumes"] if (name := volume.split(":")[0])}
    assert {name for name in named if not name.startswith("/")} == set(COMPOSE["volumes"])


def test_it_fits_the_compose_specification() -> None:
    compose_spec = pytest.importorskip("compose_spec")
    assert set(compose_spec.PyCompose.from_yaml(FILE.read_text()).service_names()) == set(SERVICES)
