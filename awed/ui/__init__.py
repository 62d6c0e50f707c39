"""The page for people at ``/ui/``: HTML made by the server, which a script keeps up to date in the browser."""
