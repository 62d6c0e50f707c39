"""The store in a MongoDB database."""

from awed.store.mongo.store import MongoStore

__all__ = ["MongoStore"]
