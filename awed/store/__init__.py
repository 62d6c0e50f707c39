"""Durable storage of records: the interface of stores, and stores in SQLite and in MongoDB."""
