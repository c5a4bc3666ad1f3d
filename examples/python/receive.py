#!/usr/bin/env python3
"""Take notices from Wellspring, check their signature, and tell people, a line each.

    export WELLSPRING_SECRET=whsec_…       # what the webhook of Wellspring has, too
    python3 receive.py                     # prints
    python3 receive.py --ntfy https://ntfy.lab/robots
    python3 receive.py --slack https://hooks.slack.com/services/…
    MATRIX_TOKEN=… python3 receive.py --matrix https://matrix.lab/_matrix/client/v3/rooms/!room:lab
    python3 receive.py --mail bench@lab.example --smtp mail.lab.example

Only the standard library is needed. It says yes to Wellspring once it has told
everybody, else Wellspring sends the notice again: so none is lost while a chat is away.
"""

import argparse
import base64
import collections
import hashlib
import hmac
import http.server
import json
import os
import smtplib
import time
import urllib.parse
import urllib.request
from email.message import EmailMessage


def verify(secret, headers, body):
    """Whether body is from who shares the secret (Standard Webhooks), and fresh."""
    message, at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not at.isdigit() or abs(time.time() - int(at)) > 300:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{message}.{at}.".encode() + body
    mine = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    signatures = headers.get("webhook-signature", "").split()
    return any(hmac.compare_digest("v1," + mine, s) for s in signatures)


def line(event):
    """What people read."""
    data = event["data"]
    match event["type"].removeprefix("wellspring.").removesuffix(".v1"):
        case "run.ended" | "run.failed":
            doubt = "" if data["complete"] else f"; record incomplete: {', '.join(data['incomplete'])}"
            return f"{data['name']} {data['status']}, {data['findings']} findings{doubt} ({data['run']})"
        case "finding":
            return f"{data['severity']}: {data['finding']}, {data['total'] or 'many'} times, in {data['name']} ({data['run']})"
        case "dead-letter":
            return f"could not be processed: {data['error']}. {data['remedy']} (wellspring dlq show {data['id']})"
        case "result.changed":
            return f"what is known of {event['subject']} has changed ({data['cause']})"
        case "robot.alarm":
            return f"robot {data['robot']}: {data['alarm']}: {data['detail']}"
    return f"{event['type']} {event['subject']}"


def post(url, body, method="POST", **headers):
    request = urllib.request.Request(url, body, {k.replace("_", "-"): v for k, v in headers.items()}, method=method)
    urllib.request.urlopen(request, timeout=10).close()  # raises where the answer is no yes


def tell(to, event):
    text = line(event)
    print(text, flush=True)
    if to.ntfy:
        post(to.ntfy, text.encode())
    if to.slack:  # Mattermost takes the same
        post(to.slack, json.dumps({"text": text}).encode(), Content_Type="application/json")
    if to.matrix:  # the event's id as transaction: what comes twice is shown once
        url = f"{to.matrix}/send/m.room.message/{urllib.parse.quote(event['id'])}"
        body = json.dumps({"msgtype": "m.text", "body": text}).encode()
        post(url, body, "PUT", Content_Type="application/json", Authorization="Bearer " + os.environ["MATRIX_TOKEN"])
    if to.mail:
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"], mail["Message-ID"] = to.mail, to.mail, text[:100], f"<{event['id']}@wellspring>"
        mail.set_content(json.dumps(event, indent=2, ensure_ascii=False))
        with smtplib.SMTP(to.smtp, timeout=10) as server:
            server.send_message(mail)


class Receiver(http.server.BaseHTTPRequestHandler):
    to, secret, seen = None, "", collections.deque(maxlen=10_000)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status = 204
        if not verify(self.secret, self.headers, body):
            status = 401
        else:
            event = json.loads(body)
            try:
                if event["id"] not in self.seen:  # a notice may come twice, under one id
                    tell(self.to, event)
                    self.seen.append(event["id"])
            except OSError as error:
                print("could not tell:", error, flush=True)
                status = 502
        self.send_response(status)
        self.end_headers()

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--listen", default="127.0.0.1:9000")
    for name in ("ntfy", "slack", "matrix", "mail"):
        arguments.add_argument("--" + name)
    arguments.add_argument("--smtp", default="localhost")
    Receiver.to, Receiver.secret = arguments.parse_args(), os.environ["WELLSPRING_SECRET"]
    host, port = Receiver.to.listen.rsplit(":", 1)
    server = http.server.HTTPServer((host, int(port)), Receiver)
    print("listening on http://%s:%d" % server.server_address, flush=True)
    server.serve_forever()
