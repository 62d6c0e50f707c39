"""A container image that tests make, of busybox, and the engines that can run it here."""

import hashlib
import io
import json
import os
import shutil
import struct
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from awed.model.errors import AwedError
from awed.worker.containers.bubblewrap import found_program

IMAGE = "localhost/awe/tiny:1"

MARK = "of the image\n"
"""What its file ``/mark`` holds."""

CONF = """\
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
[engine]
cgroup_manager = "cgroupfs"
runtime = "runc"
events_logger = "none"
"""
"""What Podman needs where there is no systemd, and no right to raise limits."""

STORAGE = """\
[storage]
driver = "{driver}"
graphroot = "{folder}/graph"
runroot = "{run}"
"""


def busybox() -> Path:
    """A busybox that needs no library. Skips the test where there is none."""
    found = shutil.which("busybox")
    if found is None or _has_interpreter(Path(found).read_bytes()):
        pytest.skip("needs busybox without libraries (busybox-static)")
    return Path(found)


def _has_interpreter(program: bytes) -> bool:
    """Whether a 64 bit ELF program is loaded by another, with libraries."""
    (begin,) = struct.unpack_from("<Q", program, 32)
    size, number = struct.unpack_from("<HH", program, 54)
    headers = range(begin, begin + size * number, size)
    return any(struct.unpack_from("<I", program, header) == (3,) for header in headers)


def _applets(program: Path) -> list[str]:
    listed = subprocess.run([program, "--list"], capture_output=True, text=True, check=True)
    return [name for name in listed.stdout.split() if name != "busybox"]


def unpacked(folder: Path) -> Path:
    """The image as a tree of files below *folder*, where images are."""
    try:
        found_program("")
    except AwedError as lack:
        pytest.skip(str(lack))
    program, root = busybox(), folder / IMAGE
    (root / "bin").mkdir(parents=True)
    shutil.copy(program, root / "bin" / "busybox")
    for name in _applets(program):
        (root / "bin" / name).symlink_to("busybox")
    (root / "mark").write_text(MARK)
    return folder


def packed(file: Path) -> None:
    """Write the image to *file* as Docker saves them. Its commands are another user's unless they are told."""
    program, layer = busybox(), io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar:
        for name in ("bin", "tmp", "proc", "dev", "sys", "etc"):
            folder = tarfile.TarInfo(name)
            folder.type, folder.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(folder)
        _add(tar, "bin/busybox", program.read_bytes())
        _add(tar, "mark", MARK.encode())
        for name in _applets(program):
            link = tarfile.TarInfo(f"bin/{name}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            tar.addfile(link)
    digest = hashlib.sha256(layer.getvalue()).hexdigest()
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Env": ["PATH=/bin"], "User": "1234", "Entrypoint": ["/bin/false"]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
    }
    manifest = [{"Config": "config.json", "RepoTags": [IMAGE], "Layers": ["layer.tar"]}]
    with tarfile.open(file, mode="w") as tar:
        _add(tar, "layer.tar", layer.getvalue())
        _add(tar, "config.json", json.dumps(config).encode())
        _add(tar, "manifest.json", json.dumps(manifest).encode())


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(data), 0o755
    tar.addfile(info, io.BytesIO(data))


@contextmanager
def docker(folder: Path) -> Iterator[None]:
    """Context in which Docker has the image. Skips the test if there is no daemon of it."""
    packed(folder / "image.tar")
    try:
        subprocess.run(["docker", "load", "--input", folder / "image.tar"], capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("needs docker and its daemon")
    yield
    subprocess.run(["docker", "image", "rm", "--force", IMAGE], capture_output=True, check=True)


@contextmanager
def podman(folder: Path) -> Iterator[dict[str, str]]:
    """Variables with which Podman has a storage in *folder* with the image. Skips the test if it does not work.

    Its sockets are in a directory with a short name: where their paths are too long for the system, it takes the end
    of each container for one that it has missed, and waits for 20 seconds.
    """
    if not shutil.which("podman") or not shutil.which("runc"):
        pytest.skip("needs podman and runc")
    (folder / "containers.conf").write_text(CONF)
    packed(folder / "image.tar")
    with tempfile.TemporaryDirectory(prefix="awe") as run:
        for driver in ("overlay", "vfs"):
            storage = STORAGE.format(folder=folder / driver, run=run, driver=driver)
            (folder / "storage.conf").write_text(storage)
            variables = {
                "CONTAINERS_CONF": str(folder / "containers.conf"),
                "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf"),
            }
            load = ["podman", "load", "--input", str(folder / "image.tar")]
            first = ["podman", "run", "--rm", "--network", "none", "--entrypoint", "", IMAGE, "/bin/true"]
            tried = [
                subprocess.run(command, env={**os.environ, **variables}, capture_output=True, text=True, check=False)
                for command in (load, first)
            ]
            if not any(one.returncode for one in tried):
                yield variables
                return
    pytest.skip(f"podman does not work here: {tried[-1].stderr.strip()}")
