"""The page for people at ``/ui/``: HTML made on the server, which one script of awed's own keeps fresh."""
