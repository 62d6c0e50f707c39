"""The tables of a new file, and the conversion of a file of an older version.

Every record is kept whole, as JSON made by msgspec, in a column ``doc``; the other columns are for finding it. For
jobs these other columns are a narrow table of their own, which can be scanned fast.

``listing`` has a row for each job and each reader under whom it is listed (:mod:`awed.store.readers`), in the order
in which lists are shown. ``counts`` has the number of rows for each reader and state, so that no list needs counting.
Triggers keep both up to date. (OR IGNORE is of no use in a trigger: that of the statement that fires it counts.)
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from awed.model.ids import new_id
from awed.model.records import Kind, kind_named
from awed.store import versions
from awed.store.sqlite.connections import is_no_database, open_private, translated_errors
from awed.store.sqlite.rows import additions, table

_FIRST = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE jobs (
    key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL, updatetime TEXT NOT NULL, completedtime TEXT NOT NULL, expiration TEXT NOT NULL,
    readers TEXT NOT NULL, submittime TEXT NOT NULL, priority INTEGER NOT NULL, name TEXT NOT NULL,
    pipeline TEXT NOT NULL, clientgroups TEXT NOT NULL, project TEXT NOT NULL, service TEXT NOT NULL,
    user TEXT NOT NULL, submission TEXT
);
CREATE INDEX jobs_completedtime ON jobs (completedtime);
CREATE INDEX jobs_expiration ON jobs (expiration);
CREATE INDEX jobs_submittime ON jobs (submittime);
CREATE INDEX jobs_priority ON jobs (priority);
CREATE INDEX jobs_name ON jobs (name);
CREATE INDEX jobs_pipeline ON jobs (pipeline);
CREATE INDEX jobs_clientgroups ON jobs (clientgroups);
CREATE INDEX jobs_project ON jobs (project);
CREATE INDEX jobs_service ON jobs (service);
CREATE INDEX jobs_user ON jobs (user);
CREATE INDEX jobs_submission ON jobs (submission) WHERE submission IS NOT NULL;

CREATE TABLE job_docs (id TEXT PRIMARY KEY, doc TEXT NOT NULL);
CREATE TABLE tasks (job TEXT, position INTEGER, doc TEXT NOT NULL, PRIMARY KEY (job, position));
CREATE TABLE work (job TEXT, id TEXT, doc TEXT NOT NULL, PRIMARY KEY (job, id));
CREATE TABLE reports (job TEXT, task TEXT, rank INTEGER, doc TEXT NOT NULL, PRIMARY KEY (job, task, rank));
CREATE TABLE secrets (job TEXT, key TEXT, doc TEXT NOT NULL, PRIMARY KEY (job, key));
CREATE TABLE clients (id TEXT PRIMARY KEY, doc TEXT NOT NULL);
CREATE TABLE groups (id TEXT PRIMARY KEY, doc TEXT NOT NULL);
CREATE TABLE accounts (name TEXT PRIMARY KEY, token_hash TEXT NOT NULL, doc TEXT NOT NULL);
CREATE INDEX accounts_token_hash ON accounts (token_hash);
CREATE TABLE nodes (id TEXT PRIMARY KEY, doc TEXT NOT NULL);

CREATE TABLE listing (
    reader TEXT, state TEXT, updatetime TEXT, id TEXT, key INTEGER NOT NULL,
    PRIMARY KEY (reader, state, updatetime, id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX listing_key ON listing (key, reader);
CREATE TABLE counts (
    reader TEXT, state TEXT, number INTEGER NOT NULL, PRIMARY KEY (reader, state)
) WITHOUT ROWID;

CREATE TRIGGER job_added AFTER INSERT ON jobs BEGIN
    INSERT INTO listing SELECT value, new.state, new.updatetime, new.id, new.key FROM json_each(new.readers);
END;
CREATE TRIGGER job_moved AFTER UPDATE OF state, updatetime ON jobs
WHEN (old.state, old.updatetime) <> (new.state, new.updatetime) BEGIN
    UPDATE listing SET state = new.state, updatetime = new.updatetime WHERE key = new.key;
END;
CREATE TRIGGER job_shared AFTER UPDATE OF readers ON jobs WHEN old.readers <> new.readers BEGIN
    DELETE FROM listing WHERE key = new.key;
    INSERT INTO listing SELECT value, new.state, new.updatetime, new.id, new.key FROM json_each(new.readers);
END;
CREATE TRIGGER job_gone AFTER DELETE ON jobs BEGIN
    DELETE FROM listing WHERE key = old.key;
END;

CREATE TRIGGER listed AFTER INSERT ON listing BEGIN
    INSERT INTO counts VALUES (new.reader, new.state, 1) ON CONFLICT DO UPDATE SET number = number + 1;
END;
CREATE TRIGGER unlisted AFTER DELETE ON listing BEGIN
    UPDATE counts SET number = number - 1 WHERE reader = old.reader AND state = old.state;
END;
CREATE TRIGGER relisted AFTER UPDATE OF state ON listing WHEN old.state <> new.state BEGIN
    INSERT INTO counts VALUES (new.reader, new.state, 1) ON CONFLICT DO UPDATE SET number = number + 1;
    UPDATE counts SET number = number - 1 WHERE reader = old.reader AND state = old.state;
END;
"""

PAGE = 500
"""Records that are converted at a time."""


def prepare(path: Path, shared: bool) -> int:
    """Make the file if it is missing, or convert it to the current version. Returns the version that it had, 0 if
    new.

    Raises :class:`ValueError` if the file is no SQLite database, of a newer awed, or of an older one and *shared*.
    """
    with translated_errors(), closing(open_private(path)) as connection:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("BEGIN IMMEDIATE")
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version != versions.current():
                _take_over(connection, version, shared)
            connection.execute("INSERT OR IGNORE INTO meta VALUES ('server_uuid', ?)", [new_id()])
            connection.execute("COMMIT")
        except sqlite3.DatabaseError as error:
            if is_no_database(error):
                raise ValueError(f"{path} is not a SQLite database") from error
            raise
    return int(version)


def _take_over(connection: sqlite3.Connection, version: int, shared: bool) -> None:
    """Do all steps from *version* on: first those for tables and columns, then for records, which need them all."""
    if version == 0:
        _run(connection, _FIRST)
        version = 1
    else:
        versions.require_usable(version, shared)
    for step in versions.since(version):
        _run(connection, step.sql)
    for kind in versions.changed_kinds(version):
        _change(connection, kind, version)
    connection.execute(f"PRAGMA user_version = {versions.current()}")


def _run(connection: sqlite3.Connection, script: str) -> None:
    """Execute the statements of *script*, each of which ends at the end of a line. ``executescript`` would commit."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            connection.execute(statement)
            statement = ""


def _change(connection: sqlite3.Connection, kind: Kind[Any], version: int) -> None:
    """Write all records of a kind anew, page by page."""
    last, page = 0, f"SELECT rowid, doc FROM {table(kind)} WHERE rowid > ? ORDER BY rowid LIMIT {PAGE}"  # noqa: S608
    while found := connection.execute(page, [last]).fetchall():
        last = found[-1][0]
        for name, texts in versions.changed(kind.name, (doc for _, doc in found), version).items():
            now = kind_named(name)
            for sql, values in additions(now, list(map(now.decode, texts))):
                connection.executemany(sql, values)
