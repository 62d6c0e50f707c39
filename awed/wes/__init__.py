"""GA4GH's Workflow Execution Service: runs of CWL workflows, and of AWE's own."""
