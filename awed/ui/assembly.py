"""All pages together: the collection at ``/ui``."""

from itertools import chain

from awed.api.context import Context
from awed.ui.frame import Pages
from awed.ui.job import JobPage
from awed.ui.jobs import JobList
from awed.ui.login import LoginPages
from awed.web.calls import Calls


class UiResource(JobList, JobPage, LoginPages):
    """The page for people."""

    calls = Calls[Context](chain(Pages.calls, JobList.calls, JobPage.calls, LoginPages.calls))
