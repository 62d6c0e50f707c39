"""Authentication of users and workers, and their rights."""
