"""Puts all pages together into the collection ``/ui``."""

from awed.api.context import Context
from awed.ui.api import ApiPage
from awed.ui.farm import FarmPage
from awed.ui.frame import Pages
from awed.ui.job import JobPage
from awed.ui.jobs import JobList
from awed.ui.login import LoginPages
from awed.ui.queue import QueuePage
from awed.ui.submit import SubmitPage
from awed.ui.workers import WorkersPage
from awed.web.calls import Calls

_PAGES = (JobList, JobPage, SubmitPage, WorkersPage, QueuePage, FarmPage, ApiPage, LoginPages)


class UiResource(JobList, JobPage, SubmitPage, WorkersPage, QueuePage, FarmPage, ApiPage, LoginPages):
    """The page for people."""

    calls = Calls[Context](call for page in (Pages, *_PAGES) for call in page.calls)
