"""The REST API: thin resources that read a request, ask who makes it, call the engine once and encode the answer."""
