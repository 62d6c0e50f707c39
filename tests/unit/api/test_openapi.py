"""The description of the API is valid, complete, and made from what there is."""

from openapi_spec_validator import OpenAPIV31SpecValidator

from awed.api.assembly import RESOURCES
from awed.api.openapi import describe
from awed.wes.resource import GA4GH
from tests.unit.api.served import Served

COLLECTIONS = {**RESOURCES, **GA4GH}


def test_it_is_valid_openapi() -> None:
    OpenAPIV31SpecValidator(describe(COLLECTIONS)).validate()


def test_what_it_says_of_a_call() -> None:
    paths = describe(COLLECTIONS)["paths"]
    assert paths["/work/{work_id}"]["put"]["summary"] == "Take a worker's report of a workunit."
    assert paths["/job"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]["properties"].keys() == {
        "upload",
        "import",
        "cwl",
        "job",
        "entrypoint",
        "CLIENT_GROUP",
        *("no_container", "default_container", "reuse", "expire"),
        "awf",
    }
    assert "/job/{job_id}/acl/{kind}" in paths
    ids = [operation["operationId"] for path in paths.values() for operation in path.values()]
    assert len(ids) == len(set(ids))


def test_errors_are_described_in_the_form_of_their_collection() -> None:
    document = describe(COLLECTIONS)

    def keys(path: str) -> set[str]:
        schema = document["paths"][path]["get"]["responses"]["default"]["content"]["application/json"]["schema"]
        named = document["components"]["schemas"].get(schema.get("$ref", "").rpartition("/")[2], schema)
        return set(named["properties"])

    assert keys("/job/{job_id}") == {"status", "data", "error"}
    assert keys("/ga4gh/tes/v1/tasks/{job_id}") == {"status", "message"}
    assert keys("/ga4gh/wes/v1/runs/{job_id}") == {"msg", "status_code"}


def test_it_is_served_as_it_is(served: Served) -> None:
    reply = served.call("GET", "/openapi.json")
    assert (reply.status, reply.headers["Content-Type"]) == (200, "application/json")
    assert reply.json["openapi"] == "3.1.0"
    assert reply.json == describe(COLLECTIONS)
    assert "openapi.json" not in served.call("GET", "/").json["resources"]
