"""Profiles: the servers that a user works with, by name, in ``~/.config/awe/config.toml``.

Each is a table of texts ``server``, ``token_file`` and ``ca``; ``default`` names the one for who names none::

    default = "lab"

    [profile.lab]
    server = "https://awe.example.org"
    token_file = "/home/ann/.config/awe/lab.token"
"""

import json
import os
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from awed.model.errors import Invalid

DEFAULT = "default"
"""The profile that ``awe login`` writes if none is named."""


class Profile(Struct, omit_defaults=True, forbid_unknown_fields=True):
    """A server, the file with the user's token for it, and that of the authorities to trust; "" if not given."""

    server: str = ""
    token_file: str = ""
    ca: str = ""


class Profiles(Struct, omit_defaults=True, forbid_unknown_fields=True):
    """The content of the file."""

    default: str = ""
    profile: dict[str, Profile] = {}

    def find(self, name: str | None) -> Profile:
        """The profile *name*, or the default one. Raises :class:`~awed.model.errors.Invalid` if there is none."""
        wanted = name or self.default
        if wanted and wanted not in self.profile:
            raise Invalid(
                f"{folder() / FILE}: there is no profile {wanted}; there are {', '.join(self.profile) or 'none'}"
            )
        return self.profile[wanted] if wanted else Profile()


FILE = "config.toml"


def folder() -> Path:
    """Where the user's settings are."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "awe"


def load() -> Profiles:
    """What the file says; nothing if there is none. Raises :class:`~awed.model.errors.Invalid`, and OSError."""
    file = folder() / FILE
    try:
        return msgspec.convert(tomllib.loads(file.read_text()), Profiles)
    except FileNotFoundError:
        return Profiles()
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise Invalid(f"{file}: {error}") from None


def save(profiles: Profiles) -> None:
    """Write the file anew. Comments in it are lost."""
    lines = [f"default = {json.dumps(profiles.default)}"] if profiles.default else []
    for name, profile in profiles.profile.items():
        fields: Mapping[str, str] = msgspec.to_builtins(profile)
        lines += [
            "",
            f"[profile.{json.dumps(name)}]",
            *(f"{key} = {json.dumps(text)}" for key, text in fields.items()),
        ]
    write(folder() / FILE, "\n".join(lines) + "\n")


def write(file: Path, text: str) -> None:
    """Write a file whole or not at all, readable by its owner only."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, name = tempfile.mkstemp(prefix=f".{file.name}-", dir=file.parent)
    with os.fdopen(descriptor, "w") as opened:
        opened.write(text)
    Path(name).replace(file)
