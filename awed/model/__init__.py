"""The nouns of awed, and nothing else: plain typed values, ids, states and errors."""
