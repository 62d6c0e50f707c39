"""The authentication that the configuration asks for, of the API and of the files of jobs."""

import secrets
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from twisted.web.client import Agent

from awed.auth.accounts import AccountPasswords, AccountTokens
from awed.auth.chain import Authenticators
from awed.auth.identity import (
    DEFAULT_SCHEME,
    GLOBUS_SCHEMES,
    MGRAST_SCHEMES,
    Globus,
    IdentityHttp,
    IdentityServer,
    OAuthTokens,
    UserInfo,
    mgrast,
)
from awed.auth.interface import IAuthenticator
from awed.auth.passwords import PasswordChecks
from awed.auth.sessions import Sessions
from awed.auth.tokens import RUN, SECRET_SCHEMES, AdminToken, GroupTokens, JobTokens
from awed.config import Config
from awed.config.settings import Anonymous, Auth
from awed.model.access import ADMIN, Account, Session, User, Verb
from awed.model.records import Commit
from awed.service.groups import Groups
from awed.store.interface import IStore
from awed.tx.heads import connections
from awed.tx.recent import Recent
from awed.tx.threads import in_threads_of


class Callers:
    """Authentication of callers: *anyone* for the API; *of_files*, for files, also takes tokens of jobs. *sessions*:
    the logins in browsers.

    *user_of*, *runner_of*: find the user for the token of a job or a run (see :class:`~awed.auth.tokens.JobTokens`).
    *commit*: makes a batch durable.
    """

    def __init__(
        self,
        config: Config,
        admin_token: str,
        *,
        store: IStore,
        groups: Groups,
        user_of: Callable[[str], User | None],
        runner_of: Callable[[str], User | None],
        commit: Commit,
        now: Callable[[], datetime],
        reactor: Any,
    ) -> None:
        servers = identity_servers(config.auth, IdentityHttp(Agent(reactor, pool=connections(reactor)), reactor))
        words = SECRET_SCHEMES | GLOBUS_SCHEMES | MGRAST_SCHEMES | config.auth.userinfo_urls.keys()
        self._admin = AdminToken(admin_token, words)
        job_tokens = JobTokens(admin_token, user_of)
        self.job_token = job_tokens.make
        run_tokens = JobTokens(admin_token, runner_of, RUN)
        self.run_token = run_tokens.make

        async def account(name: str) -> Account | None:
            return await store.one(Account, id=name)

        self._account = account
        self.sessions = Sessions(
            find=lambda id: store.one(Session, id=id),
            page=partial(store.page, Session),
            account=account,
            admin=self._admin,
            commit=commit,
            now=now,
            new_token=partial(secrets.token_urlsafe, 32),
            key=admin_token,
        )
        methods: list[IAuthenticator] = [
            run_tokens,
            self.sessions,
            self._admin,
            AccountTokens(lambda token: store.one(Account, token_hash=token), words),
            AccountPasswords(account, PasswordChecks(in_threads_of(reactor), reactor)),
            GroupTokens(groups.group_of),
            *(OAuthTokens(server, words, Recent(reactor.seconds)) for server, words in servers),
        ]
        free, admins = _free(config.anonymous), config.admin.users
        self.anyone = Authenticators(methods, free, admins)
        self.of_files = Authenticators([job_tokens, *methods], free, admins)

    async def user(self, name: str) -> tuple[User, datetime | None]:
        """The user of that name, with the rights that the user has now, and when the user's account was made; None
        for who has none."""
        account = await self._account(name)
        is_admin = name == ADMIN or name in self.anyone.admins or (account is not None and account.admin)
        return User(name, admin=is_admin), account.created if account else None

    def use(self, config: Config) -> None:
        """Take the names of administrators from *config*."""
        self.anyone.admins = self.of_files.admins = config.admin.users

    def use_admin_token(self, token: str) -> None:
        """Replace the administrator's token. The tokens of jobs stay valid, as workers are using them."""
        self._admin.renew(token)


def identity_servers(auth: Auth, http: IdentityHttp) -> list[tuple[IdentityServer, frozenset[str]]]:
    """The configured identity servers, each with the schemes of Authorization that introduce its tokens."""
    found: list[tuple[IdentityServer, frozenset[str]]] = []
    if auth.globus_profile_url:
        found.append((Globus(http, auth.globus_profile_url, auth.globus_token_url), GLOBUS_SCHEMES))
    if auth.mgrast_oauth_url:
        found.append((mgrast(http, auth.mgrast_oauth_url), MGRAST_SCHEMES))
    found += [(UserInfo(http, url), frozenset({word})) for word, url in auth.userinfo_urls.items()]
    return [(server, words if number else words | {DEFAULT_SCHEME}) for number, (server, words) in enumerate(found)]


def _free(anonymous: Anonymous) -> list[Verb]:
    """What requests without credentials may do."""
    verbs: tuple[Verb, ...] = ("read", "write", "delete")
    return [verb for verb in verbs if getattr(anonymous, verb)]
