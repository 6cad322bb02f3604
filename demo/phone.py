"""A phone with an offline queue. A program of its own that knows nothing of the server but its HTTP API.

It reads commands, a JSON object a line, and writes an answer for each, a JSON object a line:

* `{"do": "note", "minutes_ago": 5, "operation": {…}}`: its user does something. No network needed.
* `{"do": "upload", "gzip": false, "lose_answer": false, "save_answer": true}`: send the queue; what the server has
  settled leaves it. A lost answer or one that is not saved leaves the queue as it is.
* `{"do": "ask", "op_id": "…"}`: ask for the verdict of one operation.

Standard library only, Python 3.8 or newer: copy it as a start for a client of your own.
"""

# ruff: noqa: UP006, UP017, UP035, UP045 - newer spellings than 3.8 knows

import argparse
import base64
import gzip
import http.client
import json
import select
import sys
import time
from datetime import datetime, timedelta, timezone
from typing import Any, Dict, List, Optional, Tuple
from urllib.parse import urlsplit

Json = Dict[str, Any]

PATIENCE = 30  # seconds for one answer
TRIES = 5  # of an upload that the server asks to send again


class Phone:
    """One user's installation: a clock, a login, a queue."""

    def __init__(self, url: str, client_id: str, clock_ahead: timedelta) -> None:
        self.address = urlsplit(url).netloc
        self.client_id = client_id
        self.clock_ahead = clock_ahead
        self.user_id = ""
        self.token = ""
        self.queue: List[Json] = []

    def now(self) -> datetime:
        return datetime.now(timezone.utc) + self.clock_ahead

    def log_in(self, username: str, password: str) -> None:
        status, _, answer = self.call("POST", "/api/auth/token", {"username": username, "password": password})
        if status != 200:
            sys.exit(f"{username} cannot log in: {status} {answer}")
        self.token = answer["access"]
        claims = self.token.split(".")[1]
        self.user_id = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["sub"]

    def note(self, minutes_ago: float, operation: Json) -> Json:
        """Put an operation into the queue, with the time on this phone's clock."""
        operation = dict(operation)
        operation["client_timestamp"] = stamp(self.now() - timedelta(minutes=minutes_ago))
        if "payload" in operation:
            payload = operation["payload"].items()
            operation["payload"] = {k: self.user_id if v == "$me" else v for k, v in payload}
        self.queue.append(operation)
        return {"queued": len(self.queue)}

    def upload(self, gzip: bool, lose_answer: bool, save_answer: bool) -> Json:  # noqa: FBT001 - named in the command
        """Send the whole queue. Asked to wait, it waits and sends the same again: that is always safe."""
        for _ in range(TRIES):
            # `sent_at` lets the server see how wrong this clock is.
            batch = {"client_id": self.client_id, "sent_at": stamp(self.now()), "operations": self.queue}
            status, headers, answer = self.call(
                "POST", "/api/sync/batch", batch, compress=gzip, lose_answer=lose_answer
            )
            if status not in (409, 503):
                break
            time.sleep(float(headers.get("retry-after", 1)))
        if status == 200 and save_answer:
            again = {result["op_id"] for result in answer["results"] if result["retry"] == "later"}
            self.queue = [operation for operation in self.queue if operation["op_id"] in again]
        return {"status": status, "headers": headers, "body": answer, "queued": len(self.queue)}

    def ask(self, op_id: str) -> Json:
        """Ask for one verdict instead of sending the operation again."""
        status, headers, answer = self.call("GET", f"/api/sync/operations/{op_id}")
        return {"status": status, "headers": headers, "body": answer}

    def call(
        self,
        method: str,
        path: str,
        content: Optional[Json] = None,
        *,
        compress: bool = False,
        lose_answer: bool = False,
    ) -> Tuple[Optional[int], Dict[str, str], Any]:
        """One request on a connection of its own: (status, headers, JSON), or (None, {}, None) when it got lost."""
        connection = http.client.HTTPConnection(self.address, timeout=PATIENCE)
        headers = {"Accept": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        body = None
        if content is not None:
            body = json.dumps(content).encode()
            headers["Content-Type"] = "application/json"
        if compress and body:
            body = gzip.compress(body)
            headers["Content-Encoding"] = "gzip"
        try:
            connection.request(method, path, body, headers)
            if lose_answer:
                # The first byte of the answer is here: the work is done. Nobody reads what it says.
                select.select([connection.sock], [], [], PATIENCE)
                return None, {}, None
            answer = connection.getresponse()
            received = answer.read()
        finally:
            connection.close()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, json.loads(received)


def stamp(moment: datetime) -> str:
    """A time as the protocol spells it."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def main() -> None:
    """Log in, then do as told until the input ends."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--url", required=True)
    parser.add_argument("--user", required=True)
    parser.add_argument("--password", required=True)
    parser.add_argument("--client-id", required=True)
    parser.add_argument("--clock-ahead-minutes", type=float, default=0)
    arguments = parser.parse_args()
    phone = Phone(arguments.url, arguments.client_id, timedelta(minutes=arguments.clock_ahead_minutes))
    phone.log_in(arguments.user, arguments.password)
    for line in sys.stdin:
        command = json.loads(line)
        answer = getattr(phone, command.pop("do"))(**command)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
