"""From an INI file to a :class:`~awed.config.settings.Config`, and what is wrong or strange in the file."""

import configparser
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from awed.config.original import IGNORED, IGNORED_SECTIONS
from awed.config.settings import Config, Setting, settings


class ConfigError(Exception):
    """The configuration is wrong. *texts*: one sentence for each fault."""

    def __init__(self, *texts: str) -> None:
        super().__init__("\n".join(texts))
        self.texts = list(texts)


class Reading(Struct, frozen=True):
    """A configuration and what to tell of its file: settings nobody knows, and the original's that awed ignores."""

    config: Config
    warnings: list[str] = []
    ignored: list[str] = []


def read_config(path: str) -> Reading:
    """Read the INI file at *path*. Raises :class:`ConfigError` with all faults together."""
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 text (byte {error.start})") from None
    return parse_config(text, path)


def parse_config(text: str, source: str) -> Reading:
    """The same for a text; *source* names it in errors."""
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
    """One form for a name however it is written: the original minds neither case nor, by our grace, hyphens."""
    return name.lower().replace("-", "_")


def _entries(text: str, source: str) -> Iterator[tuple[str, str, str]]:
    """All (section, key, value) of an INI text, as written."""
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
    """The known setting that was probably meant."""
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
