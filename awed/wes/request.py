"""Reads requests for runs: the parts of ``POST /runs``."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

import msgspec
from msgspec import Struct, structs

from awed import __version__
from awed.model.addresses import has_user, without_password, without_secrets
from awed.model.errors import Invalid, TooLarge
from awed.web.form import IN_MEMORY, Form, Part
from awed.wire.inputs import open_inputs
from awed.workflow.cwl import LARGEST, MOST_NESTED, VERSIONS
from awed.workflow.faults import Faults
from awed.workflow.reader import DocumentLimits
from awed.workflow.run import Options
from awed.workflow.values import check_path

SERVICE = "wes"
"""The service of jobs that this service made, and the attribute of the user's in which they keep the request."""

CWL, AWE = "CWL", "AWE"

TYPES: Mapping[str, tuple[str, ...]] = {CWL: VERSIONS, AWE: ("1.0",)}
"""The types of workflows that are run, with their versions."""

ENGINE = "awed"

FETCHED = "workflow.cwl"
"""The file of a run that has a workflow which is fetched from a URL."""

ATTACHMENT = "workflow_attachment"

PARAMS = "workflow_params"
"""The part with the inputs of a workflow, the only one of the request that may be long."""

Inputs = Callable[[bytes], Awaitable[dict[str, Any]]]
"""Reads the inputs of a workflow, as :func:`inputs_in` does."""

_WEB = ("http://", "https://")


class Parameters(Struct, forbid_unknown_fields=True):
    """The parameters of the engine, all texts.

    *group*: the client groups whose workers may run it; *priority*: higher ones go first; *name*: of the job; the
    others are :class:`~awed.workflow.run.Options` of CWL.
    """

    group: str = ""
    priority: str = ""
    name: str = ""
    no_container: str = ""
    default_container: str = ""
    reuse: str = ""
    expire: str = ""

    @property
    def options(self) -> Options:
        """The options of the runner. Raises :class:`~awed.model.errors.Invalid`."""
        return Options.said({name: getattr(self, name) for name in Options.__struct_fields__})


class RunRequest(Struct, omit_defaults=True):
    """What was asked for, as the service shows it."""

    workflow_type: str
    workflow_type_version: str
    workflow_url: str
    workflow_params: dict[str, Any] = {}
    tags: dict[str, str] = {}
    workflow_engine: str = ""
    workflow_engine_version: str = ""
    workflow_engine_parameters: dict[str, str] = {}


class Read(Struct, frozen=True):
    """A request that was read. *parameters*: those of the engine. *attachments*: by path. *order*: the part with the
    inputs, if there are any."""

    request: RunRequest
    parameters: Parameters
    attachments: Mapping[str, Part]
    order: Part | None

    @property
    def info(self) -> dict[str, Any]:
        """The info of the job, by which it is shown as this run."""
        said: dict[str, Any] = {"name": self.parameters.name, "clientgroups": self.parameters.group}
        if self.parameters.priority:
            said["priority"] = int(self.parameters.priority)
        asked = structs.replace(self.request, workflow_params={})  # which are as they are to be shown
        shown = {**_shown(msgspec.to_builtins(asked), PARAMS), PARAMS: self.request.workflow_params}
        kept = {**self.request.tags, SERVICE: shown}
        return {**{name: value for name, value in said.items() if value}, "service": SERVICE, "userattr": kept}

    @property
    def workflow(self) -> tuple[str, str]:
        """The path of the attachment that has the workflow, or its URL; and the process that is named in it."""
        url, _, entrypoint = self.request.workflow_url.removeprefix("./").partition("#")
        if url not in self.attachments and not url.startswith(_WEB):
            raise Invalid(
                f"workflow_url: {url} is neither the name of an attachment nor an http or https URL; attached are:"
                f" {', '.join(self.attachments) or 'none'}"
            )
        if has_user(url):
            raise Invalid("workflow_url takes no user and password")
        return url, entrypoint


async def read_request(form: Form, inputs: Inputs) -> Read:
    """The request in *form*. Raises :class:`~awed.model.errors.Invalid` for anything that cannot be run, and
    :class:`~awed.model.errors.TooLarge`."""
    texts = {name: await _text(form, name) for name in RunRequest.__struct_fields__ if name != PARAMS}
    kind, version = texts["workflow_type"], texts["workflow_type_version"]
    if kind not in TYPES:
        raise Invalid(f"workflow_type must be one of {', '.join(TYPES)}, found: {kind or 'none'}")
    if version not in TYPES[kind]:
        raise Invalid(f"workflow_type_version must be one of {', '.join(TYPES[kind])}, found: {version or 'none'}")
    if not texts["workflow_url"]:
        raise Invalid("workflow_url is missing")
    if texts["workflow_engine"] not in ("", ENGINE):
        raise Invalid(f"workflow_engine must be {ENGINE}, found: {texts['workflow_engine']}")
    if texts["workflow_engine_version"] not in ("", __version__):
        raise Invalid(f"workflow_engine_version must be {__version__}, found: {texts['workflow_engine_version']}")
    said = _object(texts["workflow_engine_parameters"], "workflow_engine_parameters", dict[str, str])
    part = form.get(PARAMS)
    asked = await inputs(await part.read(LARGEST)) if part is not None else {}
    request = RunRequest(
        **{
            **texts,
            PARAMS: asked if part is not None and part.size <= IN_MEMORY else {},  # lists of jobs have the request
            "tags": _object(texts["tags"], "tags", dict[str, str]),
            "workflow_engine_parameters": said,
        }
    )
    return Read(request, _parameters(said), _attachments(form.parts), part if asked else None)


def inputs_in(body: bytes, limits: DocumentLimits) -> dict[str, Any]:
    """The inputs of a workflow in *body*, without what opens the URLs in them.

    Raises :class:`~awed.model.errors.Invalid` and :class:`~awed.model.errors.TooLarge`.
    """
    limits.admit(body)
    asked: dict[str, Any] = _shown(_object(body, PARAMS, dict[str, Any]), PARAMS)
    return asked


def _shown(value: Any, what: str, nested: int = 0) -> Any:
    """*value* without what opens the URLs in it. *what* it is called in errors; *nested*: the levels around it."""
    if nested > MOST_NESTED:
        raise TooLarge(f"{what} is nested more than {MOST_NESTED} levels deep")
    if isinstance(value, dict):
        return {name: _shown(one, what, nested + 1) for name, one in value.items()}
    if isinstance(value, list):
        return [_shown(one, what, nested + 1) for one in value]
    return without_secrets(without_password(value)[0]) if isinstance(value, str) else value


async def _text(form: Form, name: str) -> str:
    part = form.get(name)
    try:
        return "" if part is None else (await part.read(IN_MEMORY)).decode()
    except UnicodeDecodeError:
        raise Invalid(f"{name} is not UTF-8 text") from None


def _object(said: str | bytes, name: str, type: Any) -> Any:
    """The object that is *said*; an empty one for null, which many programs send for what is not given."""
    try:
        return (msgspec.json.decode(said, type=type | None) if said else None) or {}
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Invalid(f"{name} must be a JSON object: {error}") from None


def _parameters(said: Mapping[str, str]) -> Parameters:
    try:
        found = msgspec.convert(said, Parameters)
        int(found.priority or 1)
    except msgspec.ValidationError as error:
        known = ", ".join(Parameters.__struct_fields__)
        raise Invalid(f"workflow_engine_parameters may have {known}: {error}") from None
    except ValueError:
        raise Invalid(f"workflow_engine_parameters: priority must be a number, found: {said['priority']}") from None
    return found


def _attachments(parts: Iterable[Part]) -> dict[str, Part]:
    found: dict[str, Part] = {}
    faults = Faults()
    for part in parts:
        if part.name != ATTACHMENT:
            continue
        if not part.filename:
            raise Invalid(f"{ATTACHMENT} must be a file, with a name")
        name = part.filename.removeprefix("./")
        check_path(name, (ATTACHMENT,), faults)
        if name in found:
            faults.at((ATTACHMENT,), f"{name} is there twice")
        found[name] = part
    faults.refuse_any()
    return found


def awe_document(body: bytes, read: Read, limits: DocumentLimits) -> Callable[[str, Mapping[str, str]], bytes]:
    """Makes, of a job's id and the ids of the nodes of attachments, the document *body* with these as the inputs that
    have their names and no location.

    Raises :class:`~awed.model.errors.Invalid` for attachments that are no such inputs, and
    :class:`~awed.model.errors.TooLarge`.
    """
    limits.admit(body)
    document = _document(body)
    inputs = list(open_inputs(document))
    workflow, _ = read.workflow
    for name in read.attachments:
        if name != workflow and all(name != other for other, _ in inputs):
            raise Invalid(f"{ATTACHMENT}: {name} is no input without a location of {workflow}")

    def with_nodes(job_id: str, nodes: Mapping[str, str]) -> bytes:
        for name, fields in inputs:
            if name in nodes:
                fields.update(host="own:", node=nodes[name])
        sent = _inner(document, "info")
        kept = {**_inner(sent, "userattr"), **read.info["userattr"]}
        return msgspec.json.encode({**document, "id": job_id, "info": {**sent, **read.info, "userattr": kept}})

    return with_nodes


def _inner(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The object that *document* has under this name. Raises :class:`~awed.model.errors.Invalid` for what is none."""
    found = document.get(name, {})
    if not isinstance(found, dict):
        raise Invalid(f"workflow_url: {name} of the job document must be an object")
    return found


def _document(body: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.MsgspecError, RecursionError) as error:
        raise Invalid(f"workflow_url: the job document is not a JSON object: {error}") from None
