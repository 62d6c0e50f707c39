"""The embedded node store, which speaks Shock's API through :mod:`awed.api.node`."""
