"""Durable storage of records: the interface of stores, and stores in memory, in SQLite and in MongoDB."""
