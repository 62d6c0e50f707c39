"""Who asks: the ways of telling that the configuration wants, joined for the API and for the files of jobs."""

from collections.abc import Callable
from typing import Any

from twisted.web.client import Agent

from awed.auth.accounts import AccountPasswords, AccountTokens
from awed.auth.admin import AdminToken
from awed.auth.chain import Authenticators
from awed.auth.groups import GroupTokens
from awed.auth.identity import Globus, IdentityHttp, mgrast
from awed.auth.interface import IAuthenticator
from awed.auth.jobs import JobTokens
from awed.auth.oauth import GLOBUS_WORDS, MGRAST_WORDS, OAuthTokens
from awed.auth.recent import Recent
from awed.auth.tokens import SECRET_WORDS
from awed.config import Config
from awed.config.settings import Anonymous, Auth
from awed.model.access import User, Verb
from awed.service.groups import Groups
from awed.store.interface import IStore
from awed.threads import in_threads_of


class Callers:
    """*anyone* tells who asks the API; *of_files* knows workers by the token of a job, too. *user_of*: as whom those
    of a job use its nodes."""

    def __init__(
        self,
        config: Config,
        admin_token: str,
        *,
        store: IStore,
        groups: Groups,
        user_of: Callable[[str], User | None],
        reactor: Any,
    ) -> None:
        words = SECRET_WORDS | GLOBUS_WORDS | MGRAST_WORDS
        self._admin = AdminToken(admin_token, words)
        job_tokens = JobTokens(admin_token, user_of)
        self.job_token = job_tokens.make
        methods: list[IAuthenticator] = [
            self._admin,
            AccountTokens(store.account_by_token, words),
            AccountPasswords(store.account, in_threads_of(reactor), Recent(reactor.seconds)),
            GroupTokens(groups.group_of),
            *_identity_servers(config.auth, reactor),
        ]
        free, admins = _free(config.anonymous), config.admin.users
        self.anyone = Authenticators(methods, free, admins)
        self.of_files = Authenticators([*methods, job_tokens], free, admins)

    def use(self, config: Config) -> None:
        """These users are administrators from now on."""
        self.anyone.admins = self.of_files.admins = config.admin.users

    def use_admin_token(self, token: str) -> None:
        """This is the administrator's token from now on. The tokens of jobs stay, which workers have at work."""
        self._admin.renew(token)


def _identity_servers(auth: Auth, reactor: Any) -> list[IAuthenticator]:
    http = IdentityHttp(Agent(reactor), reactor)
    servers: list[IAuthenticator] = []
    if auth.globus_profile_url:
        globus = Globus(http, auth.globus_profile_url, auth.globus_token_url)
        servers.append(OAuthTokens(globus, GLOBUS_WORDS | {"oauth"}, Recent(reactor.seconds)))
    if auth.mgrast_oauth_url:
        words = MGRAST_WORDS if servers else MGRAST_WORDS | {"oauth"}
        servers.append(OAuthTokens(mgrast(http, auth.mgrast_oauth_url), words, Recent(reactor.seconds)))
    return servers


def _free(anonymous: Anonymous) -> list[Verb]:
    """What those may do who do not say who they are."""
    verbs: tuple[Verb, ...] = ("read", "write", "delete")
    return [verb for verb in verbs if getattr(anonymous, verb)]
