#!/usr/bin/env python3
"""Receives what an AWE server's hooks send, and mails it. It needs nothing but Python.

    awe-mail.py --secret-file SECRET --to ann@example.org --smtp mail.example.org

Make the hook with the secret that is in the file. A delivery is answered once the mail server has the mail: one that
could not be mailed is sent again by the AWE server.
"""

import argparse
import hashlib
import hmac
import json
import smtplib
import time
from collections import OrderedDict
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock

LONGEST = 1 << 20
"""Bytes that a delivery may have."""

OLDEST = 300
"""Seconds after its signature up to which a delivery is taken, so that nobody can send it again later."""

REMEMBERED = 1000
"""Deliveries that are known as mailed, should they come once more because the answer to the first was lost."""


def is_genuine(secret: bytes, header: str, body: bytes, now: float) -> bool:
    """Whether the header Awe-Signature was made just now, for this body, by who knows the secret."""
    parts = dict(part.partition("=")[::2] for part in header.split(","))
    signed = hmac.new(secret, parts.get("t", "").encode() + b"." + body, hashlib.sha256).hexdigest()
    genuine = hmac.compare_digest(parts.get("v1", "").encode(), signed.encode())
    return genuine and abs(now - int(parts["t"])) <= OLDEST


def mail_about(event: dict[str, object], sender: str, to: str) -> EmailMessage:
    """The mail that tells of an event."""
    subject = event.get("task") or event.get("client") or event.get("job")
    mail = EmailMessage()
    mail["From"], mail["To"] = sender, to
    mail["Subject"] = f"AWE: {event['kind']} {subject} is {event['state']}"
    mail.set_content("".join(f"{name}: {value}\n" for name, value in event.items()))
    return mail


class Receiver(BaseHTTPRequestHandler):
    """Answers 204 for what is mailed, 401 for what is not genuine, 503 for what the mail server did not take."""

    timeout = 30
    server: "Server"

    def do_POST(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        if not 0 < size <= LONGEST:
            self.send_error(413 if size else 411)
            return
        body = self.rfile.read(size)
        if not is_genuine(self.server.secret, self.headers.get("Awe-Signature") or "", body, time.time()):
            self.send_error(401, "the signature is not right")
            return
        try:
            self.server.tell(json.loads(body))
        except (OSError, smtplib.SMTPException) as error:
            self.log_error("not mailed: %s", error)
            self.send_error(503, "the mail server did not take it")
            return
        self.send_response(204)
        self.end_headers()


class Server(ThreadingHTTPServer):
    """Knows what was mailed."""

    daemon_threads = True

    def __init__(self, options: argparse.Namespace) -> None:
        host, _, port = options.listen.rpartition(":")
        super().__init__((host, int(port)), Receiver)
        self.secret = options.secret_file.read_bytes().strip()
        self._options = options
        self._mailed: OrderedDict[str, None] = OrderedDict()
        self._one = Lock()

    def tell(self, delivery: dict[str, object]) -> None:
        """Mail a delivery, unless it was mailed before. Raises OSError and SMTPException."""
        event, ident, options = delivery["event"], str(delivery["delivery"]), self._options
        assert isinstance(event, dict)
        with self._one:
            if ident in self._mailed:
                return
            with smtplib.SMTP(options.smtp, timeout=8) as smtp:
                smtp.send_message(mail_about(event, options.sender, options.to))
            self._mailed[ident] = None
            if len(self._mailed) > REMEMBERED:
                self._mailed.popitem(last=False)


def main() -> None:
    parser = argparse.ArgumentParser(description="Mail what an AWE server's hooks send.")
    parser.add_argument("--listen", default="127.0.0.1:8090", help="HOST:PORT for deliveries")
    parser.add_argument("--secret-file", type=Path, required=True, help="a file with the hook's secret")
    parser.add_argument("--to", required=True, help="who gets the mails")
    parser.add_argument("--from", dest="sender", default="awe@localhost", help="whose mails they are")
    parser.add_argument("--smtp", default="localhost", help="HOST[:PORT] of the mail server")
    server = Server(parser.parse_args())
    print("receiving at http://{}:{}".format(*server.server_address), flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
