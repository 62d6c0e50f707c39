"""What a run may read of the machine where its runner is: what came with it, and nothing else of that worker."""

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from cwltool.errors import WorkflowException
from schema_salad.exceptions import ValidationException
from schema_salad.fetcher import DefaultFetcher


def require_inside(root: Path, path: str) -> str:
    """*path*, which must be in the directory *root*, also by its links.

    Raises :class:`~cwltool.errors.WorkflowException`.
    """
    if not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root)):
        raise WorkflowException(f"{path} is no file of the run: files of a worker are not read")
    return path


class Documents(DefaultFetcher):
    """Reads documents, and what they include, of the directory *root* and of web servers."""

    def __init__(self, root: Path, *args: Any) -> None:
        super().__init__(*args)
        self._root = root

    def fetch_text(self, url: str, content_types: list[str] | None = None) -> str:
        self._require_inside(url)
        return super().fetch_text(url, content_types)

    def check_exists(self, url: str) -> bool:
        self._require_inside(url)
        return super().check_exists(url)

    def _require_inside(self, url: str) -> None:
        parts = urlsplit(url)  # as the fetcher does: in any case of letters, and without the fragment
        try:
            if parts.scheme == "file":
                require_inside(self._root, url2pathname(parts.path))
        except WorkflowException as error:
            raise ValidationException(str(error)) from None
