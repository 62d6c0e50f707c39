"""What pip installs is complete: by wheel and by editable install, twistd finds the plugin from any directory."""

import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.integration.program import ROOT

TWISTD = ("-c", "from twisted.scripts.twistd import run; run()")


class Environment:
    """A virtual environment of its own that sees the dependencies of this one, so that nothing is fetched."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        venv.create(folder, symlinks=True)
        self.python = folder / "bin" / "python"
        packages = Path(self.run(self.python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
        (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")

    def run(self, *command: str | Path) -> str:
        """Run a command in a directory without the project: what it says."""
        return subprocess.run(
            command, cwd=self.folder, env={"PATH": "/usr/bin:/bin"}, check=True, capture_output=True, text=True
        ).stdout

    def pip(self, *words: str | Path) -> None:
        self.run(sys.executable, "-m", "pip", "--python", self.python, "--quiet", "--no-input", *words)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clean copy of what is packed: building leaves its traces there."""
    folder = tmp_path_factory.mktemp("source")
    for name in ("awed", "twisted"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "dropin.cache"))
    for name in ("pyproject.toml", "setup.py", "README.rst", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    return folder


@pytest.fixture(scope="module")
def wheel(source: Path) -> Path:
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        "dist",
        ".",
    ]
    subprocess.run(command, cwd=source, check=True)
    (file,) = (source / "dist").glob("awed-*.whl")
    return file


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
    held = {name for name in ZipFile(wheel).namelist() if ".dist-info/" not in name}
    modules = {str(path.relative_to(source)) for path in (source / "awed").rglob("*.py")}
    assert held == modules | {"awed/py.typed", "twisted/plugins/awe_plugin.py"}


def test_twistd_lists_the_plugin_from_any_directory(environment: Environment) -> None:
    assert "The AWE workflow server" in environment.run(environment.python, *TWISTD, "--help")


def test_the_plugin_runs(environment: Environment) -> None:
    assert "--data=" in environment.run(environment.python, *TWISTD, "awe", "--help")


@pytest.mark.parametrize("script", ["awe", "awe-worker"])
def test_console_scripts_answer_help(environment: Environment, script: str) -> None:
    assert script in environment.run(environment.folder / "bin" / script, "--help")
