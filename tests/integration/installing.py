"""What pip installs: the project packed, and environments to install it into."""

import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from tests.integration.program import ROOT

NOT_SOURCE = (".*", "__pycache__", "dropin.cache", "build", "dist", "_build", "*.egg-info")


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

    def script(self, name: str, code: str) -> None:
        """Make a program as pip would, had it installed a dependency here."""
        file = self.folder / "bin" / name
        file.write_text(f"#!{self.python}\n{code}\n")
        file.chmod(0o755)


def copy_source(folder: Path) -> None:
    """A clean copy of the project: building leaves its traces there."""
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*NOT_SOURCE))


def build_sdist(source: Path) -> Path:
    """The project in *source* as it is published."""
    build = "from setuptools import build_meta; build_meta.build_sdist('dist')"
    subprocess.run([sys.executable, "-c", build], cwd=source, check=True, capture_output=True)
    (file,) = (source / "dist").glob("awed-*.tar.gz")
    return file


def build_wheel(sdist: Path) -> Path:
    """It is made from the sdist, as by whoever installs that."""
    words = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index", "-w", str(sdist.parent), str(sdist)]
    subprocess.run([sys.executable, "-m", "pip", "wheel", *words], check=True)
    (file,) = sdist.parent.glob("awed-*.whl")
    return file


def pip(*words: str | Path) -> None:
    """Install what *words* say. Skips the test if it is not to be had."""
    options = ["--quiet", "--no-input", "--disable-pip-version-check", "--no-compile"]  # most of it is never imported
    done = subprocess.run(
        [sys.executable, "-m", "pip", *words, *options], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"pip cannot install it: {done.stderr.strip().splitlines()[-1]}")


def environment(folder: Path, *packages: str) -> Path:
    """The directory of programs of a new virtual environment in *folder* with *packages*."""
    venv.create(folder, symlinks=True)
    pip("--python", folder / "bin" / "python", "install", *packages)
    return folder / "bin"
