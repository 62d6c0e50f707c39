"""``etc/awed.conf`` says what the code does."""

import re
from pathlib import Path

from awed.config import Config, parse_config
from awed.config.sample import sample
from awed.config.settings import settings

FILE = Path(__file__).parents[3] / "etc" / "awed.conf"


def test_the_sample_file_is_up_to_date() -> None:
    """After a change of the table: ``python -m awed.config > etc/awed.conf``."""
    assert FILE.read_text() == sample()


def test_the_sample_file_changes_nothing() -> None:
    assert parse_config(FILE.read_text(), str(FILE)).config == Config()


def test_every_setting_stands_in_the_sample_file_with_its_default() -> None:
    """Each ``#key = value`` is a line that works when its mark is removed."""
    active = re.sub(r"(?m)^#(?=\w)", "", FILE.read_text())
    reading = parse_config(active, str(FILE))
    assert reading.config == Config()
    assert reading.warnings == []
    assert len(re.findall(r"(?m)^[\w-]+ =", active)) == len(list(settings()))
