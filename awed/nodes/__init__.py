"""The daemon's own node store. Its HTTP interface, which is Shock's, is :mod:`awed.api.node`."""
