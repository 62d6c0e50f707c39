"""What is executed is what the document says: replaced once, split as a shell would, run without one."""

import shlex
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awed.model.job import SCRIPT_NAME, Cmd, Environ
from awed.worker.arguments import command_line, environment, substituted
from awed.worker.errors import WorkFailed
from awed.worker.machine import of
from tests.strategies import argument, file_names
from tests.unit.worker.builders import JOB, PLAIN, workunit

plain = st.text(st.characters(exclude_characters="@$\0", exclude_categories=["Cs"]))


@given(st.lists(plain))
def test_what_a_shell_would_be_given_arrives_as_it_is(arguments: list[str]) -> None:
    cmd = Cmd(name="app", args=shlex.join(arguments))
    assert command_line(cmd, {}, {}) == ["app", *arguments]


@given(st.lists(argument, min_size=1))
def test_an_argument_array_is_not_split(arguments: list[str]) -> None:
    assert command_line(Cmd(name="app", args="not this", args_array=arguments), {}, {}) == ["app", *arguments]


@given(value=argument, other=argument)
def test_a_value_stays_one_argument_and_is_not_looked_at_again(value: str, other: str) -> None:
    """A secret that happens to hold ``@file`` or ``${VAR}`` or blanks is passed on whole."""
    variables = {"SECRET": value, "X": "no"}
    cmd = Cmd(name="app", args="--key=${SECRET} -x")
    assert command_line(cmd, {"file": other}, variables) == ["app", f"--key={value}", "-x"]


@given(files=st.dictionaries(file_names, argument, min_size=1), data=st.data())
def test_every_file_is_found_by_its_own_name(files: dict[str, str], data: st.DataObject) -> None:
    """Also where one name begins like another."""
    name = data.draw(st.sampled_from(sorted(files)))
    assert substituted([f"@{name}", f"-i@{name}", f"x=@{name},y"], files, {}) == [
        files[name],
        f"-i{files[name]}",
        f"x={files[name]},y",
    ]


@pytest.mark.parametrize("text", ["@reads.fq.gz", "@reads", "a@b", "@", "${NO}", "$HOME", "${}", "$$", "@reads.fqs"])
def test_what_names_nothing_stays_as_it_is(text: str) -> None:
    assert substituted([text], {"reads.fq": "/w/reads.fq"}, {"HOME": "/root"}) == [text]


def test_a_shell_is_not_asked() -> None:
    assert command_line(Cmd(name="echo", args="a; rm -rf * > $(x) | `y` &"), {}, {})[1:] == [
        *("a;", "rm", "-rf", "*", ">", "$(x)", "|", "`y`", "&")
    ]


def test_quotes_that_do_not_match_are_a_failure_that_shows_the_arguments() -> None:
    with pytest.raises(WorkFailed, match=r"^cannot split cmd.args: .+: say 'hello$"):
        command_line(Cmd(name="app", args="say 'hello"), {}, {})


@pytest.mark.parametrize(
    ("first", "interpreter"),
    [
        ("echo", ["/bin/sh"]),
        ("#!/bin/bash", ["/bin/bash"]),
        ("#!/usr/bin/env python3", ["/usr/bin/env", "python3"]),
        ("#!", ["/bin/sh"]),
    ],
)
def test_a_script_is_run_by_whom_its_first_line_names(first: str, interpreter: list[str]) -> None:
    cmd = Cmd(name="app", args="@in", cmd_script=[first, "echo $1"])
    assert command_line(cmd, {"in": "/w/in"}, {}) == [*interpreter, SCRIPT_NAME, "/w/in"]


def test_only_a_run_is_told_where_the_server_is() -> None:
    inherited = {"AWE_SERVER": "http://awe.example"}
    for needs in ({"runs": 1.0}, {"cores": 1.0}):
        work = workunit(resources=needs)
        assert ("AWE_SERVER" in environment(work, of(work), {}, inherited)) is ("runs" in needs)


def test_the_environment_is_what_was_inherited_then_public_then_private_then_the_workunit_s_own() -> None:
    work = workunit(
        rank=3, totalwork=5, environ=Environ({"A": "public", "B": "public", "AWE_RANK": "9", "PATH": "/p"})
    )
    seen = environment(work, PLAIN, {"B": "private"}, {"PATH": "/bin", "HOME": "/h", "EDITOR": "ed"})
    assert seen == {
        "PATH": "/p",
        "HOME": "/h",
        "A": "public",
        "B": "private",
        "AWE_RANK": "3",
        "AWE_TOTALWORK": "5",
        "AWE_JOBID": JOB,
        "AWE_TASKID": f"{JOB}_0",
        "AWE_WORKID": f"{JOB}_0_3",
        "AWE_ATTEMPT": "1",
        "AWE_CLIENTID": work.client,
        "AWE_PYTHON": sys.executable,
        "AWE_CORES": "1",
        "OMP_NUM_THREADS": "1",
    }


def test_there_is_always_a_path() -> None:
    assert "/bin" in environment(workunit(), PLAIN, {}, {})["PATH"]
