"""The calls of the API as values, without I/O, and two ways to make them: blocking, and by Twisted's reactor.

A :class:`~awed.client.calls.Call` is a request and what its answer means. A sender brings the request to a server:
:class:`awed.client.blocking.Sender` or :class:`awed.client.asynchronous.Sender`.
"""
