"""What pip installs is complete: by wheel and by editable install, twistd finds the plugin from any directory."""

import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from zipfile import ZipFile

import pytest

from awed import __version__
from tests.integration.installing import Environment

pytestmark = pytest.mark.slow

TWISTD = ("-c", "from twisted.scripts.twistd import run; run()")


@pytest.fixture(scope="module", params=["wheel", "editable"])
def environment(
    request: pytest.FixtureRequest, source: Path, wheel: Path, tmp_path_factory: pytest.TempPathFactory
) -> Environment:
    """An environment with awed in it."""
    environment = Environment(tmp_path_factory.mktemp(request.param))
    if request.param == "wheel":
        environment.pip("install", "--no-deps", "--no-index", wheel)
    else:
        compat = ("--config-settings", "editable_mode=compat")
        environment.pip("install", "--no-deps", "--no-index", "--no-build-isolation", *compat, "--editable", source)
    return environment


def test_the_wheel_holds_all_of_the_package_and_nothing_of_twisted_s(source: Path, wheel: Path) -> None:
    names = ZipFile(wheel).namelist()
    held = {name for name in names if ".dist-info/" not in name}
    modules = {str(path.relative_to(source)) for path in (source / "awed").rglob("*.py")}
    static = {str(path.relative_to(source)) for path in (source / "awed/ui/static").iterdir() if path.is_file()}
    assert held == modules | static | {"awed/py.typed", "twisted/plugins/awe_plugin.py"}
    assert f"awed-{__version__}.dist-info/licenses/LICENSE" in names


def test_the_sdist_holds_all_of_the_source(source: Path, sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}
    files = {str(path.relative_to(source)) for path in source.rglob("*") if path.is_file()}
    generated = {name for name in files if name.startswith(("dist/", "build/", "awed.egg-info/"))}
    assert files - generated <= held
    assert {"LICENSE", "CHANGES.rst", "CONTRIBUTING.rst", "docs/index.rst"} <= held


def test_an_index_would_take_both(sdist: Path, wheel: Path) -> None:
    command = [sys.executable, "-m", "twine", "check", "--strict", str(sdist), str(wheel)]
    checked = subprocess.run(command, check=False, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout


def test_change_notes_become_a_section_of_the_changes(source: Path, tmp_path: Path) -> None:
    for name in ("awed", "changes", "pyproject.toml", "CHANGES.rst"):
        copy = shutil.copytree if (source / name).is_dir() else shutil.copy
        copy(source / name, tmp_path / name)
    (tmp_path / "changes" / "+tests.fixed.rst").write_text("What was wrong.\n")
    build = [sys.executable, "-m", "towncrier", "build", "--yes", "--version", "99.0", "--date", "2100-01-01"]
    subprocess.run(build, cwd=tmp_path, check=True, capture_output=True)
    section, earlier, _ = (tmp_path / "CHANGES.rst").read_text().partition(f"\n{__version__} (")
    assert "\n99.0 (2100-01-01)\n-----------------\n" in section
    assert re.search(r"^Fixed\n~~~~~\n\n(.*\n)*- What was wrong\.\n", section, re.MULTILINE)
    assert earlier


def test_twistd_lists_the_plugin_from_any_directory(environment: Environment) -> None:
    assert "The AWE workflow server" in environment.run(environment.python, *TWISTD, "--help")


def test_the_plugin_runs(environment: Environment) -> None:
    assert "--data=" in environment.run(environment.python, *TWISTD, "awe", "--help")


@pytest.mark.parametrize("script", ["awe", "awe-worker"])
def test_console_scripts_answer_help(environment: Environment, script: str) -> None:
    assert script in environment.run(environment.folder / "bin" / script, "--help")
