"""What Hypothesis draws in more than one test."""

import string

from hypothesis import strategies as st

text = st.text(st.characters(codec="utf-8"), max_size=8)
"""What UTF-8 has: no lone surrogates."""

argument = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
"""What may stand on a command line or in a variable: a system knows no null bytes there."""

file_names = st.text(string.ascii_letters + string.digits + "._-", min_size=1, max_size=8)


def json_values(keys: st.SearchStrategy[str] = text) -> st.SearchStrategy[object]:
    """Any JSON, with a few of these *keys* in its objects."""
    return st.recursive(
        st.none() | st.booleans() | st.integers(-9, 9) | st.floats() | text,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
        max_leaves=20,
    )
