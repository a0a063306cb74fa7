"""Runs a demo, receives its webhooks, and verifies each with the Standard Webhooks library of PyPI.

usage: check-webhooks.py TRACKLANE demo [FLAG...]

Prints what came in as JSON. Exit code 1 when a signature was wrong, a message was not like the others of its shipment
(a sequence number missing or twice), or the shipments' ways are not those that the demo itself saw.
"""

import json
import subprocess
import sys
import tempfile
import threading
from collections import Counter, defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from standardwebhooks.webhooks import Webhook, WebhookVerificationError


class Inbox:
    """What came in, each message once."""

    def __init__(self):
        self.lock = threading.Lock()
        self.tally = Counter()
        self.types = Counter()
        self.seen = set()
        self.sequences = defaultdict(list)
        self.steps = defaultdict(list)

    def accept(self, message, payload):
        self.tally["verified"] += 1
        if message in self.seen:
            self.tally["repeated"] += 1
            return
        self.seen.add(message)
        self.types[payload["type"]] += 1
        data = payload["data"]
        if shipment := data.get("shipment_id"):
            self.sequences[shipment].append(data["sequence"])
        if payload["type"] == "shipment.status_changed":
            self.steps[shipment].append((data["sequence"], data["status"]))

    def ways(self):
        ways = Counter()
        for steps in self.steps.values():
            way = []
            for _, status in sorted(steps):
                if way[-1:] != [status]:
                    way.append(status)
            ways[" > ".join(way)] += 1
        return dict(ways)

    def uneven(self):
        """Shipments whose numbers are not 1, 2, 3 and so on, each once."""
        numbers = self.sequences.items()
        return [shipment for shipment, seen in numbers if sorted(seen) != list(range(1, len(seen) + 1))]


def receiver(inbox, secret):
    class Receiver(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            with inbox.lock:
                try:
                    payload = Webhook(secret.read_text().strip()).verify(body, headers)
                    inbox.accept(headers["webhook-id"], payload)
                    status = 204
                except WebhookVerificationError as error:
                    inbox.tally["refused"] += 1
                    print(f"refused: {error}", file=sys.stderr)
                    status = 400
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    return ThreadingHTTPServer(("127.0.0.1", 0), Receiver)


def main(command):
    inbox = Inbox()
    with tempfile.TemporaryDirectory() as folder:
        secret = Path(folder) / "secret"
        server = receiver(inbox, secret)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/hook"
        more = ["--webhook", url, "--webhook-secret-file", str(secret), "--output", "json"]
        run = subprocess.run([*command, *more], stdout=subprocess.PIPE, check=False)
        server.shutdown()
    proof = json.loads(run.stdout or "{}")
    faults = []
    if run.returncode != 0:
        faults.append(f"the demo ended with {run.returncode}")
    if inbox.tally["refused"]:
        faults.append(f"{inbox.tally['refused']} signatures were wrong")
    if uneven := inbox.uneven():
        faults.append(f"sequence numbers are missing or came twice: {', '.join(uneven)}")
    if not inbox.steps or inbox.ways() != proof.get("by_status_path"):
        faults.append(f"the demo saw other ways: {proof.get('by_status_path')}")
    print(json.dumps({**inbox.tally, "types": inbox.types, "ways": inbox.ways(), "faults": faults}, indent=2))
    return 1 if faults else 0


sys.exit(main(sys.argv[1:]))
