"""The units of systemd start our programs as these want to be started, and systemd understands them."""

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from twisted.scripts._twistd_unix import ServerOptions

from awed.config.sample import sample
from awed.daemon.options import Options
from awed.worker import main as worker
from tests.units import ETC, PROGRAMS, UNITS, command, settings

OLDEST = 250
"""The version of systemd that first knows all that the units say."""


def systemd_version() -> int:
    """0 if there is none."""
    if shutil.which("systemd-analyze") is None:
        return 0
    said = subprocess.run(["systemd-analyze", "--version"], capture_output=True, text=True, check=True).stdout
    return int(said.split()[1])


needs_systemd = pytest.mark.skipif(systemd_version() < OLDEST, reason=f"needs systemd {OLDEST}")


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The units beside programs that are there, for systemd looks for these."""
    for name in ("twistd", "awe-worker"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    for unit in UNITS:
        (tmp_path / unit).write_text((ETC / unit).read_text().replace(PROGRAMS, str(tmp_path)))
    return tmp_path


def test_the_daemon_takes_its_command_line(tmp_path: Path) -> None:
    config = tmp_path / "awed.conf"
    config.write_text(sample())
    program, *arguments = command("awed.service")
    assert program == f"{PROGRAMS}/twistd"
    twistd = ServerOptions()
    twistd.parseOptions([str(config) if word == "/etc/awed/awed.conf" else word for word in arguments])
    assert twistd["nodaemon"]
    assert twistd["pidfile"] == ""
    options = twistd.subOptions
    assert isinstance(options, Options)
    assert options["config"] == str(config)
    assert options.reading.config.directories.data == f"/var/lib/{settings('awed.service')['StateDirectory'][0]}"


def test_a_worker_takes_its_command_line() -> None:
    """And its token from a file that only systemd can read, which its commands do not have as their stdin."""
    program, *arguments = command("awe-worker@.service", i="a", I="a")
    scripts = tomllib.loads((ETC.parent / "pyproject.toml").read_text())["project"]["scripts"]
    assert program in {f"{PROGRAMS}/{name}" for name in scripts}
    assert arguments.pop() == "$AWE_WORKER_OPTIONS"
    options = worker.make_context("awe-worker", [*arguments, "--server", "http://h"]).params
    assert (options["group"], arguments[-2:]) == ("a", ["--token-file", "-"])
    found = settings("awe-worker@.service")
    assert str(options["workdir"]) == f"/var/lib/{found['StateDirectory'][0].replace('%i', 'a')}"
    assert found["StandardInput"] == ["file:/etc/awe-worker/%i.token"]


def test_the_variables_of_a_worker_are_those_that_it_reads() -> None:
    told = set(re.findall(r"\b(AWE_\w+)=", (ETC / "awe-worker@.service").read_text())) - {"AWE_WORKER_OPTIONS"}
    assert told <= {str(option.envvar) for option in worker.params if getattr(option, "envvar", None)}


def test_a_stop_of_a_worker_lets_its_commands_end() -> None:
    assert settings("awe-worker@.service")["KillMode"] == ["mixed"]


def test_the_name_of_the_socket_is_the_one_that_the_configuration_is_told() -> None:
    [name] = settings("awed.socket")["FileDescriptorName"]
    assert f"listen = systemd:domain=INET6:name={name}\n" in (ETC / "awed.socket").read_text()


@pytest.mark.parametrize("unit", ["awed.service", "awe-worker@.service"])
def test_users_are_made(unit: str) -> None:
    users = re.findall(r"^u (\S+)", (ETC / "sysusers.d" / "awed.conf").read_text(), re.MULTILINE)
    assert settings(unit)["User"][0] in users


def test_directories_of_the_configuration_are_made() -> None:
    made = re.findall(r"^d (\S+)", (ETC / "tmpfiles.d" / "awed.conf").read_text(), re.MULTILINE)
    text = "".join((ETC / unit).read_text() for unit in UNITS)
    assert set(re.findall(r"/etc/awe[\w-]*", text)) == set(made)


@needs_systemd
@pytest.mark.parametrize("unit", UNITS)
def test_systemd_finds_nothing_wrong(installed: Path, unit: str) -> None:
    command = ["systemd-analyze", "verify", "--man=no", str(installed / unit)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    complaints = [line for line in checked.stderr.splitlines() if str(installed) in line]
    assert (checked.returncode, complaints) == (0, [])


@needs_systemd
@pytest.mark.parametrize(("unit", "exposure"), [("awed.service", 15), ("awe-worker@.service", 30)])
def test_little_of_the_machine_is_exposed(installed: Path, unit: str, exposure: int) -> None:
    """By systemd's own measure, in tenths; 100 is a service that may do everything."""
    command = ["systemd-analyze", "security", "--offline=true", f"--threshold={exposure}", str(installed / unit)]
    subprocess.run(command, capture_output=True, check=True)
