"""Checks a crate with ``roc-validator`` and reads it with ``rocrate``, which are in an environment of their own.

    python crate_check.py CRATE PROFILE

Prints what is not as the profile requires or recommends, one a line, and the name of the crate. What explains the
words of RO-Crate 1.1 comes with rocrate 0.14; the few of workflow-run are here, so that nothing is fetched.
"""

import io
import json
import sys
from pathlib import Path
from typing import Any

import requests
import rocrate  # type: ignore[import-not-found]
from requests.adapters import BaseAdapter
from rocrate.rocrate import ROCrate  # type: ignore[import-not-found]
from rocrate_validator import models, services  # type: ignore[import-not-found]
from rocrate_validator.utils.http import HttpRequester  # type: ignore[import-not-found]

TERMS = "https://w3id.org/ro/terms/workflow-run"
WORDS = (
    "ParameterConnection ContainerImage DockerImage SIFImage connection sourceParameter targetParameter md5 sha1 "
    "sha512 containerImage registry tag environment resourceUsage"
)
CONTEXTS = {
    "https://w3id.org/ro/crate/1.1/context": (Path(rocrate.__file__).parent / "data/ro-crate.jsonld").read_bytes(),
    f"{TERMS}/context": json.dumps({"@context": {word: f"{TERMS}#{word}" for word in WORDS.split()}}).encode(),
}


class Contexts(BaseAdapter):
    """Answers for the host of the contexts."""

    def send(self, request: Any, *_: Any, **__: Any) -> requests.Response:
        response = requests.Response()
        response.status_code = 200
        response.headers["Content-Type"] = "application/ld+json"
        response.raw = io.BytesIO(CONTEXTS[request.url])
        response.url, response.request = request.url, request
        return response

    def close(self) -> None:
        """Nothing is open."""


def main(crate: str, profile: str) -> None:
    """Check and read it."""
    settings = services.ValidationSettings(
        rocrate_uri=crate,
        profile_identifier=profile,
        requirement_severity=models.Severity.RECOMMENDED,
        no_cache=True,
    )
    HttpRequester().session.mount("https://w3id.org/", Contexts())
    for issue in services.validate(settings).get_issues():
        print(issue.severity.name, issue.check.identifier, issue.message, issue.violatingEntity)
    print(ROCrate(crate).root_dataset["name"])


main(*sys.argv[1:])
