"""Pages of lists of GA4GH's services, the newest first. Tokens count from the oldest: what comes in moves no page."""

from msgspec.structs import replace

from awed.model.errors import Invalid
from awed.service.engine import Engine
from awed.store.interface import JobQuery


async def placed(engine: Engine, query: JobQuery, page_token: str) -> JobQuery:
    """*query* for the page with this token; for the first one if there is none."""
    if not page_token:
        return query
    rest = read_token(page_token)
    total = (await engine.jobs.heads(replace(query, limit=1))).total
    return replace(query, offset=max(0, total - rest))


def read_token(page_token: str) -> int:
    """The number that a token is, 0 for none. Raises :class:`~awed.model.errors.Invalid`."""
    if not page_token:
        return 0
    if not page_token.isdecimal() or len(page_token) > 18:
        raise Invalid(f"page_token must be the next_page_token of a page, found: {page_token}")
    return int(page_token)


def next_token(query: JobQuery, total: int) -> str:
    """The token of the page after that of *query*, "" if there is none. *total*: how many there are in all."""
    rest = total - query.offset - query.limit
    return str(rest) if rest > 0 else ""
