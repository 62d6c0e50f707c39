"""Documents as the submitter of the original AWE sends them: with a requirement of its own, where its Shock is."""

import json
from pathlib import Path
from typing import Any

from schema_salad.utils import yaml_no_ts

_OWN = "ShockRequirement"

_LISTS = ("requirements", "hints")


def without_own(tool: str) -> str:
    """The document *tool*, ``PATH`` or ``PATH#ID``, or a copy beside it without the requirement of the original's.

    Nothing is lost: the locations of files are whole URLs. Raises :class:`OSError` if no copy can be written.
    """
    path, mark, entrypoint = tool.partition("#")
    document = Path(path)
    if not document.is_file() or _OWN.encode() not in (content := document.read_bytes()):
        return tool
    copy = document.with_name(f".{document.name}")
    copy.write_text(json.dumps(_cleaned(yaml_no_ts().load(content))))
    return f"{copy}{mark}{entrypoint}"


def _cleaned(value: Any) -> Any:
    if isinstance(value, list):
        return [_cleaned(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {name: _cleaned(_others(one) if name in _LISTS else one) for name, one in value.items()}


def _others(requirements: Any) -> Any:
    """The *requirements*, a list or a map by class, but that of the original's."""
    if isinstance(requirements, dict):
        return {name: one for name, one in requirements.items() if name != _OWN}
    if isinstance(requirements, list):
        return [one for one in requirements if not (isinstance(one, dict) and one.get("class") == _OWN)]
    return requirements
