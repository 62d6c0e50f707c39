"""How the documentation is built: ``make docs``."""

import sys
from pathlib import Path

DOCS = Path(__file__).parent
sys.path[:0] = [str(DOCS), str(DOCS.parent)]

from awed import __version__  # noqa: E402 - the path to it had to be known

project = "awed"
release = version = __version__
extensions = ["fromcode"]
exclude_patterns = ["_build"]
nitpicky = True
highlight_language = "none"

html_theme = "furo"
html_title = f"awed {release}"
html_copy_source = False
