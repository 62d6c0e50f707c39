"""Reads an INI file into a :class:`~awed.config.settings.Config`, and collects faults and warnings."""

import configparser
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from awed.config.original import IGNORED, IGNORED_SECTIONS
from awed.config.settings import Config, Setting, settings


class ConfigError(Exception):
    """The configuration is invalid. *texts*: one sentence for each fault."""

    def __init__(self, *texts: str) -> None:
        super().__init__("\n".join(texts))
        self.texts = list(texts)


class Reading(Struct, frozen=True):
    """A configuration, with *warnings* about unknown settings and the names of *ignored* settings of the original."""

    config: Config
    warnings: list[str] = []
    ignored: list[str] = []


def read_config(path: str) -> Reading:
    """Read the INI file at *path*. Raises :class:`ConfigError` with all faults at once."""
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 text (byte {error.start})") from None
    return parse_config(text, path)


def parse_config(text: str, source: str) -> Reading:
    """Read the text of an INI file. *source*: its name in messages. Raises :class:`ConfigError`."""
    table = {(_spelling(row.section), _spelling(row.key)): row for row in settings()}
    values: dict[tuple[str, str], object] = {}
    faults, warnings, ignored = [], [], []
    for section, key, given in _entries(text, source):
        place = (_spelling(section), _spelling(key))
        row = table.get(place)
        if row is not None and row.attributes in values:
            faults.append(f"{source}: {row} is set twice")
        elif row is not None:
            try:
                values[row.attributes] = row.kind.read(given) if given else row.default
            except ValueError:
                faults.append(f"{source}: {row} = {given}: expected {row.kind.expected}")
        elif _is_ignored(*place):
            ignored.append(f"[{section}] {key}")
        else:
            warnings.append(f"{source}: unknown setting [{section}] {key}{_suggestion(place, table)}")
    if faults:
        raise ConfigError(*faults)
    return Reading(_config(values), warnings, ignored)


def _spelling(name: str) -> str:
    """*name* in lower case and with underscores: case is ignored, as by the original, and ``-`` is ``_``."""
    return name.lower().replace("-", "_")


def _entries(text: str, source: str) -> Iterator[tuple[str, str, str]]:
    """Section, key and value of each entry of an INI text, as written. Raises :class:`ConfigError`."""
    parser = configparser.RawConfigParser(inline_comment_prefixes=("#", ";"), default_section="")
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    try:
        parser.read_string(text, source)
    except configparser.Error as error:
        raise ConfigError(" ".join(str(error).split())) from None
    for section in parser.sections():
        for key, value in parser.items(section):
            yield section, key, value


def _is_ignored(section: str, key: str) -> bool:
    return section in IGNORED_SECTIONS or key in IGNORED.get(section, ())


def _suggestion(place: tuple[str, str], table: Mapping[tuple[str, str], Setting]) -> str:
    """The end of a warning: the known setting that was probably meant, "" if none is similar."""
    known = {" ".join(known): row for known, row in table.items()}
    same_key = [row for (_, key), row in table.items() if key == place[1]]
    close = same_key or [known[name] for name in get_close_matches(" ".join(place), known, n=1, cutoff=0.75)]
    return f"; did you mean {close[0]}?" if close else ""


def _config(values: Mapping[tuple[str, str], object]) -> Config:
    config = Config()
    for (section, key), value in values.items():
        changed = replace(getattr(config, section), **{key: value})
        config = replace(config, **{section: changed})
    return config
