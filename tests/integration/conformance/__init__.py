"""Every line of the REST API's contract, on a real daemon over real sockets, against what the original answered."""
