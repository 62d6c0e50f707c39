"""The page to submit a document, with the files that it reads, and to check it first and see its graph."""

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

import msgspec
from twisted.web.template import Tag, tags

from awed.api.context import Context
from awed.api.rights import may
from awed.api.submission import Check, check, submit
from awed.model.errors import AwedError, Invalid
from awed.model.remarks import Checked, Remark
from awed.nodes.change import Change, Whole
from awed.ui.frame import Links, Pages, Screen, meant
from awed.ui.graph import Layouts, picture
from awed.ui.view import JobView
from awed.ui.words import count
from awed.web.calls import Call, Calls
from awed.web.form import Form, Part
from awed.web.pages import see_other
from awed.wire.inputs import open_inputs

EXAMPLE = """{
  "info": {"name": "hello", "project": "demo"},
  "tasks": [
    {"taskid": "greet", "cmd": {"name": "bash", "args": "-c 'echo hello > words.txt'"},
     "outputs": [{"filename": "words.txt"}]},
    {"taskid": "count", "dependsOn": ["greet"], "cmd": {"name": "wc", "args": "-c @words.txt"},
     "inputs": [{"filename": "words.txt", "origin": "greet"}]}
  ]
}"""


LONGEST = 1_000_000
"""Bytes of a document that a page gives back, as it is made whole before it is sent."""

MOST_TOLD = 50
"""The most remarks of a kind that are shown."""


class SubmitPage(Pages):
    """``/ui/submit``."""

    calls = Calls[Context]()

    @calls("GET /submit", may("write"))
    async def blank(self, call: Call[None]) -> bytes:
        """The empty form."""
        return await self.show(call, self._screen(call, b"", []))

    @calls("POST /submit?check", meant(may("write")))
    async def checked(self, call: Call[None]) -> bytes:
        """The form, with the findings of a check and the graph of the document."""
        form = await call.request.form()
        text = await self._sent_document(call, form)
        named = {part.filename for part in _files(form)} | set((form.text("named") or "").split("\n"))
        document = await self.context.in_thread(_with_nodes, text, dict.fromkeys(named - {None}, None))
        found = await check(self.context, call, document)
        return await self.show(call, self._screen(call, text, await self._told(found)))

    @calls("POST /submit", meant(may("write")))
    async def submitted(self, call: Call[None]) -> bytes:
        """Store the files as nodes, and submit the document, which reads them."""
        form = await call.request.form()
        text = await self._sent_document(call, form)
        try:
            await self.context.in_thread(_require_wanted, text, _files(form))
            nodes = {part.filename or "": await self._keep(call, part) for part in _files(form)}
            document = await self.context.in_thread(_with_nodes, text, nodes, self._host(call))
            job, _ = await submit(self.context, call, document)
        except AwedError as error:
            alert = tags.div(*(tags.p(one) for one in error.texts), role="alert")
            return await self.show(call, self._screen(call, text, [alert], icon="failed"), 400)
        return see_other(call.request, Links(call.request)(f"job/{job.id}"))

    async def _sent_document(self, call: Call[None], form: Form) -> bytes:
        """The document. Raises :class:`~awed.model.errors.TooLarge`, as the limit of the body is that of files."""
        part = _document_part(form)
        text = await part.read(call.request.bodies.limit) if part else b""
        self.context.document_limits.admit(text)
        return text

    async def _keep(self, call: Call[None], part: Part) -> str:
        """Store a file as a new node; the node's id."""
        change = Change(fill=Whole(part), file_name=PurePath(part.filename or "").name)
        return (await self.context.nodes.create(call.user, change)).id

    def _host(self, call: Call[None]) -> str:
        return self.context.hosts.base(call.request)

    async def _told(self, found: Check) -> list[Tag]:
        """The findings of a check, and the graph."""
        told = _remarks(found.checked)
        if found.job is None:
            return [told]
        view = JobView(found.job, self.context.now(), self.context.turns, "#", "graph")
        drawn = await picture(view, Layouts(self.context.in_thread))
        return [told, tags.section(drawn, class_="card", **{"data-view": "graph"})]

    def _screen(self, call: Call[None], text: bytes, told: Sequence[Tag], icon: str = "awed") -> Screen:
        links = Links(call.request)
        is_short = len(text) <= LONGEST
        area = tags.textarea(
            text.decode("utf-8", "replace") if is_short else "",
            name="document",
            rows="22",
            spellcheck="false",
            placeholder=EXAMPLE,
            **{"aria-label": "Document", "data-drop": ""},
        )
        files = tags.input(type="file", name="files", multiple="multiple")
        check_button = tags.button("Check", type="submit", formaction=links("submit?check"), **{"data-check": ""})
        form = self.form(
            call,
            links("submit"),
            tags.p("Paste a workflow document (JSON), or drop it here together with the files that it reads."),
            area,
            "" if is_short else tags.p("The document is too long to be shown here: choose its file anew."),
            tags.label("Files that its inputs name", files),
            tags.ul(id="files", class_="files", **{"data-keep": ""}),
            tags.div(check_button, tags.button("Submit", type="submit", class_="main"), class_="buttons"),
            enctype="multipart/form-data",
            class_="card submit",
            id="submit",
            **{"data-keep": ""},
        )
        results = tags.div(*told, id="told", **{"aria-live": "polite"})
        content = [tags.div(tags.h1("Submit"), class_="head"), tags.div(form, results, class_="halves")]
        return Screen("Submit", content, icon=icon, here="Submit")


def _document_part(form: Form) -> Part | None:
    """The part with the document: the pasted text, or if that is empty the first file ``*.json`` or ``*.awf``."""
    pasted = form.get("document")
    if pasted is not None and pasted.size:
        return pasted
    return next((part for part in _sent(form) if (part.filename or "").lower().endswith((".json", ".awf"))), None)


def _files(form: Form) -> list[Part]:
    """The files that came with the document, without the document itself."""
    document = _document_part(form)
    return [part for part in _sent(form) if part is not document]


def _sent(form: Form) -> list[Part]:
    """All files. If none was chosen, browsers send one without a name, which is left out."""
    return [part for part in form.parts if part.name == "files" and part.filename]


def _parsed(text: bytes) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return None  # the check or the submission says what is wrong with it


def _require_wanted(text: bytes, files: Sequence[Part]) -> None:
    """Raises :class:`Invalid` for a file that no input of the document names as still to be provided."""
    wanted = list(dict.fromkeys(name for name, _ in open_inputs(_parsed(text))))
    for part in files:
        if part.filename not in wanted:
            known = ", ".join(wanted) or "none"
            raise Invalid(f"no input named {part.filename} lacks a source; those that do: {known}")


_ANY_NODE = "00000000-0000-4000-8000-000000000000"


def _with_nodes(text: bytes, nodes: Mapping[Any, str | None], host: str = "http://127.0.0.1") -> bytes:
    """The document, with sources for its inputs: *nodes* has the id of the node on *host* by name of the input.

    For a node that does not exist yet (None) the source is a URL, which a check accepts without looking.
    """
    document = _parsed(text)
    changed = False
    for name, fields in open_inputs(document):
        if name in nodes:
            node = nodes[name]
            fields.update({"host": host, "node": node} if node else {"url": f"{host}/{name}"})
            changed = True
    return msgspec.json.encode(document) if changed else text


def _remarks(found: Checked) -> Tag:
    size = f"{count(found.tasks, 'task')}, {count(found.workunits, 'workunit')}"
    head = tags.p(tags.b("It can be submitted." if found.ok else "It would be refused."), f" {size}.")
    lists = [
        *_list("failed", "What is wrong", found.errors),
        *_list("suspend", "What is probably not meant", found.warnings),
        *_list("queued", "What it would wait for", found.unmet),
    ]
    return tags.section(head, *lists, class_="card told", **{"data-ok": str(found.ok).lower()})


def _list(look: str, title: str, remarks: Sequence[Remark]) -> list[Tag]:
    if not remarks:
        return []
    lines = [tags.li(tags.code(remark.place), " ", remark.text) for remark in remarks[:MOST_TOLD]]
    more = [tags.li(f"and {len(remarks) - MOST_TOLD:,} more")] if len(remarks) > MOST_TOLD else []
    return [tags.h3(title), tags.ul(*lines, *more, class_=f"remarks s-{look}")]
