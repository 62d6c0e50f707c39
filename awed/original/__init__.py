"""Conversion of what an original AWE server has in its database into awed's records."""
