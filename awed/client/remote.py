"""What Python runs at a worker to call functions: the text of this module, as ``python -c TEXT CALLS VERSION``.

It imports nothing of awed, for the Python that runs it need not have it, and little else, for it begins anew for
every chunk of calls. *CALLS* is what :func:`awed.client.functions.packed` makes: ``=`` and its base64, or the path of
a file. *VERSION*: of Python, if the functions can be called by no other version; else "".

The outcome goes to stdout; what functions print goes to stderr instead.
"""

import os
import pickle
import sys
from binascii import a2b_base64, b2a_base64

LARGE = 256 * 1024
"""Bytes of base64 beyond which an outcome becomes a file: of what a command prints not all may be kept."""

RESULT = "result"
"""The file with a large outcome; in a split task, one outcome after another. Each begins with its rank and length."""

DIGITS = 16
"""Hexadecimal digits of each of these two numbers."""


def outcome(calls: bytes, version: str, rank: int) -> bytes:
    """The pickled outcome of the chunk with this rank: the values that it has, or the first exception."""
    try:
        here = f"{sys.version_info[0]}.{sys.version_info[1]}"
        if version not in ("", here):
            found = f"the function is of Python {version}, and this worker's is {here}"
            raise RuntimeError(f"{found}: choose one with the argument python")
        function, chunks = pickle.loads(calls)
        function = pickle.loads(function)
        values = [function(*args, **kwargs) for args, kwargs in pickle.loads(chunks[max(rank, 1) - 1])]
        return dumped((values, None, ""))
    except BaseException as error:
        return failure(error)


def failure(error: BaseException) -> bytes:
    """The pickled outcome of calls that ended with an exception, with its traceback as text."""
    from traceback import format_exception  # noqa: PLC0415 - takes long, and is seldom needed

    text = "".join(format_exception(error))
    try:
        whole = dumped((None, error, text))
        pickle.loads(whole)
        return whole
    except BaseException:
        return pickle.dumps((None, RuntimeError(f"{type(error).__name__}: {error}"), text))


def dumped(value: object) -> bytes:
    """*value* pickled; by cloudpickle, if that is here, where pickle alone cannot."""
    try:
        return pickle.dumps(value)
    except Exception:
        from importlib.util import find_spec  # noqa: PLC0415 - likewise

        if find_spec("cloudpickle") is None:
            raise
        import cloudpickle  # noqa: PLC0415 - takes long, and is seldom needed

        return bytes(cloudpickle.dumps(value))


def main() -> None:
    """Call what the command line says."""
    said = os.dup(1)
    os.dup2(2, 1)
    calls, version = sys.argv[1:3]
    if calls.startswith("="):
        packed = a2b_base64(calls[1:])
    else:
        with open(calls, "rb") as file:
            packed = file.read()
    rank = int(os.environ["AWE_RANK"])
    found = outcome(packed, version, rank)
    text = b2a_base64(found, newline=False)
    if len(text) > LARGE:
        with open(RESULT, "wb") as file:
            file.write(b"%0*x%0*x" % (DIGITS, rank, DIGITS, len(found)) + found)
        text = RESULT.encode() + b"\n"
    with os.fdopen(said, "wb") as out:
        out.write(text)


if __name__ == "__main__":
    main()
