"""What a batch script meets on a node of a Slurm cluster, as far as ours looks at it. No Slurm is needed."""

import os
import re
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / "etc" / "slurm" / "awe-worker.sbatch"


class FakeSlurm:
    """A folder with stubs of programs, and the environment of a job 4711 that has *left* on its clock.

    *left* is in the words of ``squeue``. With *tells_end* the environment has the end of the job as well, by which
    other seconds are left.
    """

    def __init__(self, folder: Path, left: str = "4:00:00", tells_end: int = 0) -> None:
        self.programs = folder / "bin"
        self.scratch = folder / "scratch"
        self.asked = folder / "squeue-asked"
        self.programs.mkdir()
        self.scratch.mkdir()
        self.put("squeue", f"#!/bin/sh\necho \"$@\" > '{self.asked}'\necho '{left}'\n")
        self.environ = {
            "PATH": f"{self.programs}:{os.environ['PATH']}",
            "TMPDIR": str(self.scratch),
            "SLURM_JOB_ID": "4711",
            "SLURM_CPUS_PER_TASK": directives()["cpus-per-task"],
        }
        if tells_end:
            self.environ["SLURM_JOB_END_TIME"] = str(int(time.time()) + tells_end)

    def put(self, name: str, text: str) -> None:
        """Make a program of this name."""
        program = self.programs / name
        program.write_text(text)
        program.chmod(0o755)


def directives() -> dict[str, str]:
    """The options of ``sbatch`` that stand in the script, as it reads them: before the first command."""
    found = {}
    for line in SCRIPT.read_text().splitlines():
        if line.startswith("#SBATCH "):
            match = re.fullmatch(r"#SBATCH --([a-z-]+)(?:=(\S+))?", line)
            assert match, f"not understood: {line}"
            found[match[1]] = match[2] or ""
        elif line and not line.startswith("#"):
            break
    return found
