"""Big files to and from a server, by blocking calls that cost their process next to nothing."""

import socket
from pathlib import Path

import msgspec

from bench.common.wire import Address

_BOUNDARY = "d74496d66958873e"
_BLOCK = 1 << 20


def upload(address: Address, file: Path) -> str:
    """Make a node of a file, by a form as Shock's clients send it: the node's id."""
    head = (
        f"--{_BOUNDARY}\r\n"
        f'Content-Disposition: form-data; name="upload"; filename="{file.name}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    )
    tail = f"\r\n--{_BOUNDARY}--\r\n"
    length = len(head) + file.stat().st_size + len(tail)
    request = (
        "POST /node HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        f"Content-Type: multipart/form-data; boundary={_BOUNDARY}\r\nContent-Length: {length}\r\n\r\n"
    )
    with socket.create_connection(address) as connection, file.open("rb") as content:
        connection.sendall((request + head).encode())
        connection.sendfile(content)
        connection.sendall(tail.encode())
        answer = b"".join(iter(lambda: connection.recv(_BLOCK), b""))
    return str(msgspec.json.decode(answer.partition(b"\r\n\r\n")[2])["data"]["id"])


def download(address: Address, target: str, size: int) -> None:
    """Take a file of *size* bytes and forget it."""
    buffer = bytearray(_BLOCK)
    came = 0
    with socket.create_connection(address) as connection:
        request = f"GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        connection.sendall(request.encode())
        while count := connection.recv_into(buffer):
            came += count
    if came < size:
        raise SystemExit(f"{target}: {came} bytes came, expected {size}")
