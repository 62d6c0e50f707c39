"""The text of the sample file ``etc/awed.conf``: every setting with its description and default."""

from itertools import groupby
from textwrap import fill

import msgspec

from awed.config.settings import Config, settings

_HEAD = """\
Configuration of awed, the AWE workflow server: twistd awe --config FILE.

Every setting is shown with its default. Remove the # before a line to change it. An empty value means the default.
A comment begins with # or ;, also after a value and a space. In names, case is ignored, and - is the same as _.
Values of several lines continue in indented lines.
"""


def sample() -> str:
    """The whole text."""
    about = {section.encode_name: section.type.__doc__ for section in msgspec.structs.fields(Config)}
    parts = [_comment(_HEAD)]
    for section, rows in groupby(settings(), lambda row: row.section):
        parts.append(f"\n[{section}]\n{_comment(about[section])}")
        parts += [f"\n{_comment(row.about)}#{row.key} = {row.default_text}".rstrip() + "\n" for row in rows]
    return "".join(parts)


def _comment(text: str) -> str:
    paragraphs = text.strip().split("\n\n")
    return "#\n".join(
        fill(" ".join(paragraph.split()), 100, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False)
        + "\n"
        for paragraph in paragraphs
    )
