"""awed for programs: submit workflows, wait for them, fetch what they made.

:class:`Client` is the server, :class:`JobHandle` one of its jobs; :class:`Job`, :class:`Task`, :class:`Input` and
:class:`Output` make documents. :class:`AweExecutor` calls functions at workers.

Below are the calls of the API as values, without I/O, and two ways to make them: a
:class:`~awed.client.calls.Call` is a request and the reading of its answer. It is made with a server object:
:class:`awed.client.blocking.Server` or :class:`awed.client.asynchronous.Server`.
"""

from awed.client.builders import Input, Job, Output, Task
from awed.client.client import Client
from awed.client.executor import AweExecutor
from awed.client.handle import JobFailed, JobHandle

__all__ = ["AweExecutor", "Client", "Input", "Job", "JobFailed", "JobHandle", "Output", "Task"]
