"""The collections of the REST API. A handler calls the engine or the node store, and returns what is answered."""
