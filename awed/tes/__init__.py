"""GA4GH's Task Execution Service: tasks of other programs as jobs of one task."""
