"""The server that a command line names, by options, the environment or a profile; and ``awe login``."""

import os
import ssl
from typing import Any, TextIO

import click

from awed.cli import profiles
from awed.cli.profiles import DEFAULT, Profile
from awed.client.blocking import Server
from awed.model.addresses import address, without_password
from awed.model.errors import Invalid, Unauthorized
from awed.wire.headers import authorization


def use_profile(context: click.Context, parameter: click.Parameter, name: str | None) -> str | None:
    """Callback of ``--profile``: what the profile says becomes the default of the other options."""
    try:
        found = profiles.load().find(name)
    except Invalid as error:
        raise click.BadParameter(str(error)) from None
    context.default_map = {key: text for key in Profile.__struct_fields__ if (text := getattr(found, key))}
    return name


def _trusting(ca: str | None) -> ssl.SSLContext | None:
    """The TLS context that trusts the authorities in the file *ca*, None for those of the system."""
    try:
        return ssl.create_default_context(cafile=ca) if ca else None
    except ssl.SSLError:
        raise click.BadParameter(f"expected a file with certificates (PEM), found {ca}", param_hint="--ca") from None


def connect(context: click.Context) -> Server:
    """The server that the options of ``awe`` name. *context*: that of ``awe``.

    The token of a profile goes to the server of that profile alone.
    """
    url: str = context.params["server"]
    _check_server(url)
    tls = _trusting(context.params["ca"])
    token_file: TextIO | None = context.params["token_file"]
    token = os.environ.get("AWE_TOKEN", "")
    source = context.get_parameter_source("token_file")
    if source is click.core.ParameterSource.DEFAULT_MAP and (
        token or url != (context.default_map or {}).get("server")
    ):
        token_file = None
    if token_file is not None:
        token = token_file.read()
    try:
        return Server(url, authorization(token, "Bearer"), tls)
    except ValueError as error:
        raise Invalid(f"{token_file.name if token_file else 'AWE_TOKEN'}: {error}") from None


def _check_server(url: str) -> None:
    try:
        login = address(url).login
    except ValueError as error:
        raise click.BadParameter(f"{error}, found {without_password(url)[0]}", param_hint="--server") from None
    if login:
        text = "a server takes no user and password in its URL, see --token-file"
        raise click.BadParameter(text, param_hint="--server")


@click.command()
@click.pass_context
def login(context: click.Context) -> None:
    """Keep the server and your token for it in a profile, so that later commands need no options.

    Asks for the token, and tries it. The profile is that of --profile, or `default`.
    """
    options: dict[str, Any] = context.find_root().params
    known = profiles.load()
    name = options["profile"] or known.default or DEFAULT
    url = options["server"]
    token = click.prompt(f"Token for {url}", hide_input=True, err=True)
    try:
        Server(url, authorization(token, "Bearer"), _trusting(options["ca"])).get("/job?limit=1&verbosity=minimal")
    except Unauthorized:
        raise Invalid(f"{url} does not take this token") from None
    except ValueError as error:
        raise Invalid(f"the token: {error}") from None
    file = profiles.folder() / f"{name}.token"
    profiles.write(file, f"{token.strip()}\n")
    known.profile[name] = Profile(url, str(file), options["ca"] or "")
    known.default = known.default or name
    profiles.save(known)
    click.echo(f"{profiles.folder() / profiles.FILE}: profile {name} is {url}", err=True)
