"""Taking over what an original AWE server has in its database."""
