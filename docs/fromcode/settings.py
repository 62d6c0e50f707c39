"""``awed-settings``: every setting of the daemon."""

from collections.abc import Iterator
from itertools import groupby

import msgspec

from awed.config.settings import Config, Setting, settings
from fromcode.text import FromCode, code, escaped, heading


class Settings(FromCode):
    """Sections and their settings, in the order of ``etc/awed.conf``."""

    def text(self) -> Iterator[str]:
        about = {section.encode_name: section.type.__doc__ for section in msgspec.structs.fields(Config)}
        for section, rows in groupby(settings(), lambda row: row.section):
            yield heading(f"[{section}]")
            yield about[section]
            yield from map(_setting, rows)


def _setting(setting: Setting) -> str:
    default = f"\n   :default: {code(setting.default_text)}" if setting.default_text else ""
    return (
        f".. confval:: {setting}\n   :type: {escaped(setting.kind.expected)}{default}\n\n   {escaped(setting.about)}"
    )
