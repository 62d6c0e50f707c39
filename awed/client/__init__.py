"""The calls of the API as values, without I/O, and two ways to make them: blocking, and with Twisted.

A :class:`~awed.client.calls.Call` is a request and the reading of its answer. It is made with a server object:
:class:`awed.client.blocking.Server` or :class:`awed.client.asynchronous.Server`.
"""
