"""The shell around the scheduler core: makes its changes durable, performs its effects, serves waiting clients."""
