"""What processes use, and what directories."""

import os
import subprocess
import sys
from pathlib import Path

from awed.worker.usage import descendants, disk_of, exact_memory_of, memory_of


def test_all_that_descends_from_a_process_counts() -> None:
    script = "sleep 60 & exec sh -c 'sleep 60 & echo; wait'"
    with subprocess.Popen(["sh", "-c", script], stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        found = descendants([process.pid])
        assert len(found) == 3
        assert memory_of(found) > 0
        for pid in found:
            os.kill(pid, 9)


def test_whatever_name_a_process_gives_itself_it_is_measured() -> None:
    script = (
        "import time\ndata = b'x' * (64 << 20)\nopen('/proc/self/comm', 'wb').write(b'\\xff\\rRssAnon: -9')\n"
        "print(flush=True)\ntime.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        assert memory_of([process.pid]) > 64 << 20
        process.kill()


def test_what_processes_share_counts_once_if_one_looks_closely() -> None:
    script = "import os, sys, time\ndata = b'x' * (64 << 20)\nif os.fork(): print(flush=True)\ntime.sleep(60)\n"
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        pids = descendants([process.pid])
        assert memory_of(pids) > 128 << 20
        assert 64 << 20 < exact_memory_of(pids) < 100 << 20
        for pid in pids:
            os.kill(pid, 9)


def test_the_disk_of_files_is_what_they_take_and_links_take_nothing(tmp_path: Path) -> None:
    (tmp_path / "deep" / "deeper").mkdir(parents=True)
    (tmp_path / "deep" / "deeper" / "file").write_bytes(b"x" * 100_000)
    before = disk_of([tmp_path])
    assert 100_000 <= before < 200_000
    os.link(tmp_path / "deep" / "deeper" / "file", tmp_path / "link")
    os.truncate(tmp_path / "deep" / "deeper" / "file", 1 << 30)
    (tmp_path / "symlink").symlink_to("/usr")
    assert disk_of([tmp_path]) < 200_000
    assert disk_of([tmp_path / "nothing"]) == 0
