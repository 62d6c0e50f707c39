"""The description of the service."""

from msgspec import Struct

from awed import __version__
from awed.tes.resource import Organization, ServiceType
from awed.wes.request import ENGINE, TYPES, Parameters


class TypeVersions(Struct):
    """The versions of a type of workflows."""

    workflow_type_version: list[str]


class EngineVersions(Struct):
    """The versions of an engine."""

    workflow_engine_version: list[str]


class EngineParameter(Struct):
    """A parameter of the engine."""

    name: str
    type: str
    default_value: str


class WesServiceInfo(Struct, rename={"contact": "contactUrl"}):
    """The description of the service."""

    id: str
    name: str
    organization: Organization
    workflow_type_versions: dict[str, TypeVersions]
    system_state_counts: dict[str, int]
    auth_instructions_url: str
    workflow_engine_versions: dict[str, EngineVersions]
    default_workflow_engine_parameters: list[EngineParameter]
    supported_wes_versions: tuple[str, ...] = ("1.1.0", "1.0.0")
    supported_filesystem_protocols: tuple[str, ...] = ("http", "https")
    tags: dict[str, str] = {}
    version: str = __version__
    type: ServiceType = ServiceType(artifact="wes")
    description: str = "An AWE server. Runs are jobs, as are their steps."
    contact: str | None = None


def service_info(id: str, name: str, url: str, contact: str, counts: dict[str, int]) -> WesServiceInfo:
    """The description of the server *id*, called *name*, at *url*. *counts*: of the runs in each state."""
    return WesServiceInfo(
        id=id,
        name=name,
        organization=Organization(name, url),
        workflow_type_versions={kind: TypeVersions(list(versions)) for kind, versions in TYPES.items()},
        system_state_counts=counts,
        auth_instructions_url=f"{url}/",
        workflow_engine_versions={ENGINE: EngineVersions([__version__])},
        default_workflow_engine_parameters=[
            EngineParameter(name, "string", "") for name in Parameters.__struct_fields__
        ],
        contact=f"mailto:{contact}" if contact else None,
    )
