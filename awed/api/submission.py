"""Makes a job of a document, or checks the document: used by all calls that take documents."""

from collections.abc import Awaitable, Callable
from functools import partial
from hashlib import sha256
from secrets import token_urlsafe
from typing import NamedTuple

from awed.api.context import Context
from awed.auth.rights import require
from awed.model.access import PUBLIC, User
from awed.model.errors import AwedError, Invalid, JobNotFound, Unauthorized
from awed.model.hook import Hook
from awed.model.ids import new_id
from awed.model.job import OWN_HOST, Job
from awed.model.records import DeleteNodes, SubmissionKey
from awed.model.remarks import Checked, Remark
from awed.web.calls import Call
from awed.web.params import header
from awed.wire.headers import IDEMPOTENCY_KEY, REPLAYED, is_idempotency_key
from awed.workflow.advice import Advised, read_advised
from awed.workflow.decoding import let_go
from awed.workflow.locations import token_hosts
from awed.workflow.submission import Submission


class Check(NamedTuple):
    """The findings of a check, and the job that the document would make; None if it cannot be read."""

    checked: Checked
    job: Job | None


async def submit(context: Context, call: Call[None], body: bytes, token: str = "") -> tuple[Job, list[Remark]]:
    """Submit the document *body*; the job, and warnings about the document. *token*: the data token of the job."""
    document = await _read(context, call, body)
    submission = document.submission
    assert submission is not None
    job = await make_job(context, call, body, submission, token)
    return job, [*document.warnings, *await context.engine.checks.warnings(submission, document.nodes, call.user)]


async def make_job(context: Context, call: Call[None], body: bytes, submission: Submission, token: str = "") -> Job:
    """The job of *submission*, which was read from *body*. *token*: its data token."""
    new = submission.job
    try:
        job = await once(context, call, body, new.id, partial(stored, context, call, submission, token))
    except AwedError:
        await context.in_thread(let_go, new.tasks)  # which the error's traceback would keep for a while
        raise
    if job is not new:  # an earlier request made it
        await context.in_thread(let_go, new.tasks)
    return job


async def stored(
    context: Context,
    call: Call[None],
    submission: Submission,
    token: str,
    key: SubmissionKey | None,
    *,
    expected: DeleteNodes | None = None,
) -> Job:
    """A new job of *submission*. *token*: its data token. *key*: is stored with it. *expected*: what
    :meth:`~awed.service.jobs.JobVerbs.expect` gave."""
    await require_run(context, call.user, submission)
    hosts = token_hosts(submission.job, submission.hosts) if token else []
    if not token and call.user.name != PUBLIC and OWN_HOST in submission.hosts:
        token = context.job_token(submission.job.id)
    hook = _hook(submission, call.user)
    jobs, user = context.engine.jobs, call.user
    store = partial(jobs.submit, submission, user, token, hosts, key, hook=hook, expected=expected)
    return await (store() if hook is None else context.hooks.take_with(hook, user, store))


async def require_run(context: Context, user: User, submission: Submission) -> None:
    """Raises :class:`~awed.model.errors.Invalid` or :class:`~awed.model.errors.Unauthorized` unless *user* may have
    the job be a step of the run that it names, if it names one."""
    run_id = submission.job.info.parent
    if user.run and run_id != user.run:
        raise only_steps()
    if not run_id:
        return
    absent = Invalid(f"info.parent: job {run_id} has ended, or there is none")
    try:
        run = await context.engine.jobs.head(run_id)
    except JobNotFound:
        raise absent from None
    require(user, "write", run.acl, absent)


def only_steps() -> Unauthorized:
    """The answer to a runner that submits anything else than steps of its run."""
    return Unauthorized("the token of a run is for steps of that run, which name it as info.parent")


def _hook(submission: Submission, user: User) -> Hook | None:
    """The hook that the document asks for, which goes when the job ends."""
    notify = submission.notify
    if notify is None:
        return None
    secret = notify.secret or token_urlsafe(32)
    return Hook(new_id(), notify.url, notify.events, secret, user.name, submission.job.id, with_job=True)


async def check(context: Context, call: Call[None], body: bytes, token: str = "") -> Check:
    """Check the document *body*, without making a job. *token*: the data token that the job would have."""
    document = await _read(context, call, body, checks=True)
    checks, warnings = context.engine.checks, document.warnings
    if (submission := document.submission) is None:
        found = Checked(False, document.errors, warnings, document.tasks, document.workunits, [])
        return Check(found, None)
    entry = await checks.entry(submission, call.user)
    try:
        errors = await checks.refusals(entry, call.user)
        unmet = checks.unmet(entry)
    finally:
        checks.let_go(entry)
    try:
        await require_run(context, call.user, submission)
    except AwedError as error:
        errors = [Remark("info.parent", text) for text in error.texts]
    hosts = token_hosts(submission.job, submission.hosts) if token else []
    warnings = [*warnings, *await checks.unreadable(document.nodes, call.user, token, hosts)]
    found = Checked(not errors, errors, warnings, document.tasks, document.workunits, unmet)
    return Check(found, submission.job)


async def _read(context: Context, call: Call[None], body: bytes, checks: bool = False) -> Advised:
    return await context.reading(
        call.user,
        read_advised,
        body,
        now=context.now(),
        new_id=new_id,
        own_hosts=context.hosts.known(call.request),
        limits=context.document_limits,
        checks=checks,
    )


async def once(
    context: Context,
    call: Call[None],
    body: bytes,
    job_id: str,
    make: Callable[[SubmissionKey | None], Awaitable[Job]],
) -> Job:
    """The job *job_id* that *make* makes, or the job that an earlier request with this ``Idempotency-Key`` made.

    Raises :class:`~awed.model.errors.Invalid` for a malformed key, and :class:`~awed.model.errors.KeyReused`.
    """
    key = header(call.request, IDEMPOTENCY_KEY.encode())
    if key is None:
        return await make(None)
    if not is_idempotency_key(key):
        raise Invalid(f"{IDEMPOTENCY_KEY} must have 1 to 255 visible ASCII characters")
    digest = await context.in_thread(_digest, body, header(call.request, b"datatoken") or "")
    job, is_known = await context.engine.once.make(key, call.user, digest, job_id, make)
    if is_known:
        call.request.responseHeaders.setRawHeaders(REPLAYED, ["true"])
    return job


def _digest(body: bytes, token: str) -> str:
    """A digest of the document and the data token of a submission."""
    found = sha256(body)
    found.update(b"\0" + token.encode())
    return found.hexdigest()
