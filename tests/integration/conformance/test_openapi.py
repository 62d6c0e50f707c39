"""What ``GET /openapi.json`` says of the API is true: schemathesis makes calls by it and checks the answers."""

import pytest
import pytest_twisted

from tests.integration.conformance.api import Api
from tests.integration.conformance.bench import Bench
from tests.integration.daemon import Daemon, Stage

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"

# An operation that a collection does not have is answered 501, which schemathesis takes for a fault of the server.
SETTINGS = """\
[phases.coverage]
unexpected-methods = []
[checks.not_a_server_error]
expected-statuses = ["2xx", "3xx", "4xx", "501"]
"""

PATIENCE = 300
"""Seconds that schemathesis may take for a phase, of which it says nothing before its end, and for one answer."""


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest_twisted.ensureDeferred
async def test_the_api_is_as_it_is_described(server: Daemon, stage: Stage, bench: Bench, admin: Api) -> None:
    """GET /openapi.json"""
    await bench.complete(await bench.submit())
    await bench.submit("chain_submit")
    (stage.folder / "schemathesis.toml").write_text(SETTINGS)
    description = f"{server.url}/openapi.json"
    for header in (["--header", f"Authorization: {admin.headers['Authorization']}"], []):
        run = stage.run(
            *("-m", "schemathesis.cli", "run", description, "--phases", "coverage,fuzzing", "--max-examples", "10"),
            *("--checks", CHECKS, "--suppress-health-check", "all", "--generation-deterministic", *header),
            *("--request-timeout", str(PATIENCE)),
            *("--exclude-path", "/events"),  # streams do not end, and waiting takes what it takes
        )
        assert await run.ended(PATIENCE) == 0, run.output
    assert server.program.runs
    assert "incident" not in server.program.output
