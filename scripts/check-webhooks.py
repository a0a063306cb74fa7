#!/usr/bin/env python3
"""Receives webhooks and verifies each with the Standard Webhooks library of PyPI, which we did not write.

usage: check-webhooks.py PORT SECRET_FILE

The secret is read from the file when the first message comes, so the endpoint may be made after the receiver. Prints a
JSON line with the tallies whenever they have changed and a second has passed; exits with 1 at the end if a signature
was wrong, a sequence number came twice for one shipment, or an event id came under two message ids.
"""

import json
import signal
import sys
import threading
import time
from collections import Counter, defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

PORT, SECRET_FILE = int(sys.argv[1]), sys.argv[2]
lock = threading.Lock()
tally = Counter()
types = Counter()
messages = {}
sequences = defaultdict(set)
paths = defaultdict(list)


class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        with open(SECRET_FILE, encoding="ascii") as file:
            hook = Webhook(file.read().strip())
        headers = {name.lower(): value for name, value in self.headers.items()}
        with lock:
            tally["received"] += 1
            try:
                payload = hook.verify(body, headers)
                self.accept(headers["webhook-id"], payload)
                status = 204
            except WebhookVerificationError as error:
                tally["refused"] += 1
                print(f"refused: {error}", file=sys.stderr)
                status = 400
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    @staticmethod
    def accept(message, payload):
        tally["verified"] += 1
        if message in messages:
            tally["repeated"] += 1
            return
        messages[message] = payload
        types[payload["type"]] += 1
        data = payload["data"]
        shipment, sequence = data.get("shipment_id"), data.get("sequence")
        if shipment:
            tally["duplicate_sequence"] += sequence in sequences[shipment]
            sequences[shipment].add(sequence)
        if payload["type"] == "shipment.status_changed":
            paths[shipment].append((sequence, data["status"]))

    def log_message(self, *_):
        pass


def report():
    with lock:
        ways = Counter()
        for steps in paths.values():
            way = []
            for _, status in sorted(steps):
                if not way or way[-1] != status:
                    way.append(status)
            ways[" > ".join(way)] += 1
        gaps = sum(max(seen) - len(seen) for seen in sequences.values() if seen)
        return {**tally, "types": dict(types), "shipments": len(paths), "ways": dict(ways), "gaps": gaps}


def main():
    server = ThreadingHTTPServer(("127.0.0.1", PORT), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(finish()))
    last = None
    try:
        while True:
            time.sleep(1)
            now = report()
            if now != last:
                print(json.dumps(now), flush=True)
                last = now
    except KeyboardInterrupt:
        sys.exit(finish())


def finish():
    now = report()
    print(json.dumps(now), flush=True)
    return 1 if tally["refused"] or tally["duplicate_sequence"] else 0


main()
