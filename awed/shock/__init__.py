"""A client of any Shock, and the interfaces through which the rest of awed uses one."""
