"""Workflows as Python values: a :class:`Job` of :class:`Task`, which read :class:`Input` and make :class:`Output`.

What is wrong raises :class:`TypeError` or :class:`ValueError` where the value is made. What only the server can know
it says when the job is submitted.
"""

import os
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from awed.model.addresses import check_file_url, without_password
from awed.model.ids import task_name_fault
from awed.model.resources import Said, amount_of, check_name
from awed.model.reuse import MODES

Local = str | bytes
"""The path of a file of this machine, or the content of a file."""

Place = Callable[[str, Local], Mapping[str, str]]
"""Uploads a file, given its name and what it is. Returns the fields of a document that say where it is."""

Fields = Mapping[str, Any]
"""Further keys of the object in the document, for what has no parameter here."""


@dataclass(frozen=True)
class Output:
    """A file that a task makes, called *filename* in the directory of its command.

    *optional*: it may be missing. *nonzero*: it may not be empty. *temporary*: it is deleted when the job is done.
    """

    filename: str
    optional: bool = False
    nonzero: bool = False
    temporary: bool = False
    fields: Fields = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_filename(self.filename)

    def entry(self) -> dict[str, Any]:
        """The output as in a document."""
        flags = {name: True for name in ("optional", "nonzero", "temporary") if getattr(self, name)}
        return {"filename": self.filename, **flags, **self.fields}


@dataclass(frozen=True)
class Input:
    """A file that a command reads, called *filename* in its directory.

    *source* is a path (:class:`pathlib.Path`) of a file of this machine or the :class:`bytes` of a file, which are
    uploaded when the job is submitted; a text with the URL of a file; or the task whose output *filename* it is.
    None: ``inputs`` of :meth:`awed.client.Client.submit` has it. *cache*: each worker fetches it once, for all that
    read it.
    """

    filename: str
    source: "os.PathLike[str] | bytes | str | Task | None" = None
    cache: bool = False
    fields: Fields = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_filename(self.filename)
        if isinstance(self.source, str):
            try:
                check_file_url(self.source)
            except ValueError as error:
                found = without_password(self.source)[0]
                raise ValueError(
                    f"input {self.filename}: {error}, found {found!r}; a file of this machine is a Path"
                ) from None
        elif isinstance(self.source, Task):
            names = [output.filename for output in self.source.made]
            if self.filename not in names:
                made = f"it makes {', '.join(names) or 'none'}"
                raise ValueError(f"task {self.source.taskid} has no output {self.filename}; {made}")
        else:
            _expect(f"source of input {self.filename}", self.source, os.PathLike, bytes, str, Task, type(None))

    def entry(self, place: Place) -> dict[str, Any]:
        """The input as in a document, uploaded by *place* if it is a file of this machine."""
        entry = {"filename": self.filename, **({"cache": True} if self.cache else {}), **self.fields}
        match self.source:
            case None:
                return entry
            case Task() as task:
                return {**entry, "origin": task.taskid}
            case str() as url:
                return {**entry, "url": url}
            case bytes() as content:
                return {**entry, **place(self.filename, content)}
            case path:
                return {**entry, **place(self.filename, os.fspath(path))}


@dataclass(frozen=True, eq=False)
class Task:
    """One command of a job.

    *taskid*: its name in the job. *command*: program and arguments as a sequence, or as a text that is split as by a
    shell, though no shell is asked; a *script* instead is run by ``/bin/sh`` or what its first line names after
    ``#!``. *outputs*: their names, or :class:`Output`. *after*: tasks that must be done before, beside those that are
    the source of an input. *totalwork*: into how many workunits it is split. *resources*: what each needs of a
    machine, ``{"cores": 2, "memory": "8G"}``. *walltime*: seconds that a command may run. *environ*: environment
    variables; *private*: those that nobody is shown. *clientgroups*: who may run it, instead of those of the job.
    *reuse*: ``read``, ``write`` or ``both``.
    """

    taskid: str
    command: str | Sequence[str] = ""
    script: str = ""
    inputs: Sequence[Input] = ()
    outputs: Sequence[Output | str] = ()
    after: Sequence["Task"] = ()
    totalwork: int = 1
    resources: Said = field(default_factory=dict)
    walltime: int = 0
    environ: Mapping[str, str] = field(default_factory=dict)
    private: Mapping[str, str] = field(default_factory=dict)
    clientgroups: str = ""
    reuse: str = ""
    fields: Fields = field(default_factory=dict)

    def __post_init__(self) -> None:
        _expect("taskid", self.taskid, str)
        if fault := task_name_fault(self.taskid):
            raise ValueError(f"taskid {self.taskid!r} {fault}")
        where = f"of task {self.taskid}"
        _expect_all(f"inputs {where}", self.inputs, Input)
        _expect_all(f"outputs {where}", self.outputs, Output, str)
        _expect_all(f"after {where}", self.after, Task)
        _expect(f"script {where}", self.script, str)
        if not isinstance(self.command, str):
            _expect_all(f"command {where}", self.command, str)
        else:
            _check_words(where, self.command)
        if bool(self.command and str(self.command).strip()) == bool(self.script):
            raise ValueError(f"task {self.taskid} must have a command or a script, and one of them alone")
        _check_whole(f"totalwork {where}", self.totalwork, 1)
        _check_whole(f"walltime {where}", self.walltime, 0)
        _check_variables(where, {**self.environ, **self.private})
        check_resources(where, self.resources)
        _check_reuse(where, self.reuse)
        _check_names(f"input {where}", [file.filename for file in self.inputs])
        _check_names(f"output {where}", [file.filename for file in self.made])

    @property
    def made(self) -> list[Output]:
        """The outputs."""
        return [Output(file) if isinstance(file, str) else file for file in self.outputs]

    @property
    def before(self) -> list["Task"]:
        """The tasks that must be done before."""
        return [*self.after, *(file.source for file in self.inputs if isinstance(file.source, Task))]

    def entry(self, place: Place) -> dict[str, Any]:
        """The task as in a document; *place* uploads its files."""
        entry = {
            "taskid": self.taskid,
            "cmd": self._cmd(),
            "dependsOn": [task.taskid for task in self.after],
            "inputs": [file.entry(place) for file in self.inputs],
            "outputs": [file.entry() for file in self.made],
            "totalwork": self.totalwork,
            "resources": dict(self.resources),
            "walltime": self.walltime,
            "clientgroups": self.clientgroups,
            "reuse": self.reuse,
        }
        return {**_said(entry), **self.fields}

    def _cmd(self) -> dict[str, Any]:
        environ = _said({"public": dict(self.environ), "private": dict(self.private)})
        if self.script:
            return _said({"name": "sh", "cmd_script": self.script.splitlines(), "environ": environ})
        if isinstance(self.command, str):
            name, *rest = self.command.split(maxsplit=1)
            return _said({"name": name, "args": "".join(rest), "environ": environ})
        name, *array = self.command
        return _said({"name": name, "args_array": array, "environ": environ})


@dataclass(frozen=True, eq=False)
class Job:
    """A workflow.

    *clientgroups*: who may run it, names joined by commas. *priority*: higher ones go first. *resources* and *reuse*
    hold for the tasks that do not say them. *info*: further keys of ``info``.
    """

    name: str
    tasks: Sequence[Task]
    clientgroups: str = ""
    priority: int = 1
    project: str = ""
    resources: Said = field(default_factory=dict)
    reuse: str = ""
    info: Fields = field(default_factory=dict)

    def __post_init__(self) -> None:
        _expect("name", self.name, str)
        where = f"of job {self.name}"
        _expect_all(f"tasks {where}", self.tasks, Task)
        if not self.tasks:
            raise ValueError(f"job {self.name} has no tasks")
        _check_names(f"task {where}", [task.taskid for task in self.tasks])
        for task in self.tasks:
            for other in task.before:
                if other not in self.tasks:
                    raise ValueError(f"task {task.taskid} needs task {other.taskid}, which is not in job {self.name}")
        _expect(f"priority {where}", self.priority, int)
        check_resources(where, self.resources)
        _check_reuse(where, self.reuse)

    def document(self, place: Place) -> dict[str, Any]:
        """The job as a document, after *place* has uploaded its files; each file once."""
        placed: dict[Local, Mapping[str, str]] = {}

        def once(name: str, file: Local) -> Mapping[str, str]:
            if file not in placed:
                placed[file] = place(name, file)
            return placed[file]

        info = {
            "name": self.name,
            "clientgroups": self.clientgroups,
            "priority": self.priority,
            "project": self.project,
            "resources": dict(self.resources),
            "reuse": self.reuse,
        }
        return {"info": {**_said(info), **self.info}, "tasks": [task.entry(once) for task in self.tasks]}


def _said(entry: dict[str, Any]) -> dict[str, Any]:
    """*entry* without what is empty."""
    return {name: value for name, value in entry.items() if value}


def _expect(what: str, value: object, *kinds: type) -> None:
    if not isinstance(value, kinds):
        raise TypeError(f"{what} must be {' or '.join(kind.__name__ for kind in kinds)}, not {value!r}")


def _expect_all(what: str, values: object, *kinds: type) -> None:
    if isinstance(values, str | bytes) or not isinstance(values, Sequence):
        raise TypeError(f"{what} must be a list, not {values!r}")
    for value in values:
        _expect(f"each of {what}", value, *kinds)


def _check_variables(where: str, variables: Mapping[str, object]) -> None:
    for name, value in variables.items():  # which may be secret
        if not isinstance(value, str):
            raise TypeError(f"variable {name} {where} must be str, not {type(value).__name__}")


def _check_words(where: str, command: str) -> None:
    try:
        shlex.split(command)
    except ValueError as error:
        raise ValueError(f"command {where} cannot be split as by a shell: {error}: {command!r}") from None


def _check_whole(what: str, value: object, least: int) -> None:
    _expect(what, value, int)
    if not isinstance(value, int) or value < least:
        raise ValueError(f"{what} must be at least {least}, not {value}")


def _check_filename(name: object) -> None:
    _expect("filename", name, str)
    path = PurePosixPath(str(name))
    if not name or path.is_absolute() or ".." in path.parts:
        raise ValueError(f"filename {name!r} must be a path below the directory of the command")


def _check_names(what: str, names: Sequence[str]) -> None:
    for number, name in enumerate(names):
        if name in names[:number]:
            raise ValueError(f"{what}: there are two that are called {name}")


def check_resources(where: str, said: Said) -> None:
    """Raises :class:`TypeError` or :class:`ValueError` for what are no resources. *where* they are: for its text."""
    _expect(f"resources {where}", said, Mapping)
    for name, amount in said.items():
        try:
            check_name(name)
            amount_of(name, amount)
        except ValueError as error:
            raise ValueError(f"resources {where}: {name} {amount!r}: {error}") from None


def _check_reuse(where: str, mode: object) -> None:
    if mode and mode not in MODES:
        raise ValueError(f"reuse {where} must be one of {', '.join(MODES)}, not {mode!r}")
