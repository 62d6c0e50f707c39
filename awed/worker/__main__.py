"""``python -m awed.worker``."""

from awed.worker import main

main(prog_name="awe-worker")
