"""`make demo`: from nothing to a report. A fresh database, the real server, phones that know only HTTP.

Not here: the story (`scenario`), what makes an answer right (`checker`).
"""

from __future__ import annotations

import signal
import time
from collections.abc import Sequence
from typing import Any, NoReturn

from demo import database, server
from demo.checker import check_asked, check_first, check_repeat, check_same
from demo.errors import DemoError
from demo.remote import Phones
from demo.report import BOLD, DIM, GREEN, RED, WIDTH, Report
from demo.scenario import SCENES
from demo.steps import Network, Scene
from entities import sample

LIMIT = 60  # seconds for making the database, and again for playing
WORKERS = 2
LEGEND = (
    "retry: what the app does next. never: take it off the queue · later: send it again · after_fix: mend it\n"
    "✓: the answer is the one that demo/scenario.py expects, in all its keys"
)
ADMIN_PORT = 8000  # that of `serve`, where this run can be looked at afterwards


def play(scenes: Sequence[Scene] = SCENES) -> int:
    """Play the scenes and print them. 0 when every verdict is the expected one, else 1."""
    report = Report()
    began = time.monotonic()
    report.line("A day with an offline phone", BOLD)
    with database.turn() as lookout:
        _limit_time()
        url = database.make_anew(lookout)
        _limit_time()
        told = f"A fresh database, {database.NAME}, on {database.server_name()}; migrated, with sample data"
        report.line(f"{told} ({time.monotonic() - began:.1f} s)", DIM)
        environment = {"DATABASE_URL": url}
        with server.running(server.free_port(), workers=WORKERS, environment=environment, quiet=True) as running:
            report.line(f"The real server, granian with {WORKERS} workers: {running.url}", DIM)
            report.line(LEGEND, DIM)
            answers = _play_all(scenes, running.url, report)
    signal.alarm(0)
    _conclude(report, time.monotonic() - began)
    _where_to_look(report, scenes, answers)
    return 0 if report.is_as_expected else 1


def _play_all(scenes: Sequence[Scene], url: str, report: Report) -> list[dict[str, Any]]:
    with Phones(url, sample.PASSWORD) as phones:
        return [_play_scene(scene, phones, report) for scene in scenes]


def _play_scene(scene: Scene, phones: Phones, report: Report) -> dict[str, Any]:
    """Work offline, then upload, with whatever the network or the app do to it. The answer that counts."""
    report.scene(scene)
    for step in scene.queue:
        phones.tell(scene.phone, "note", **step.as_note())
    match scene.network:
        case Network.GOOD:
            answer = _upload(scene, phones)
            report.verdicts(scene, answer, check_first(scene, answer))
        case Network.ANSWER_LOST:
            answer = _play_lost_answer(scene, phones, report)
        case Network.APP_CRASHES:
            answer = _upload(scene, phones, save_answer=False)
            report.verdicts(scene, answer, check_first(scene, answer))
            _send_again(scene, phones, report, answer)
    return answer


def _play_lost_answer(scene: Scene, phones: Phones, report: Report) -> dict[str, Any]:
    _upload(scene, phones, lose_answer=True)
    asked = phones.tell(scene.phone, "ask", op_id=scene.queue[0].op_id)
    answer = _upload(scene, phones, gzip=True)
    report.line("   The phone cannot know what was done. It sends all of it again, gzipped: nothing runs twice.", DIM)
    report.verdicts(scene, answer, check_repeat(scene, answer))
    report.remark("GET /api/sync/operations/{op_id} tells the same of the first one", check_asked(scene, answer, asked))
    return answer


def _send_again(scene: Scene, phones: Phones, report: Report, first: dict[str, Any]) -> None:
    again = _upload(scene, phones, gzip=True)
    differences = check_same(scene, first, again)
    replayed = ((again["body"] or {}).get("summary") or {}).get("replayed")
    same = "other verdicts" if differences else f"the same {len(scene.queue)} verdicts, nothing written twice"
    report.line()
    report.line("    The app crashes before it has saved the answer. It sends the whole queue again, gzipped:")
    report.remark(f"{same}; {replayed} replayed, the skipped ones judged again", differences)


def _upload(
    scene: Scene, phones: Phones, *, gzip: bool = False, lose_answer: bool = False, save_answer: bool = True
) -> dict[str, Any]:
    return phones.tell(scene.phone, "upload", gzip=gzip, lose_answer=lose_answer, save_answer=save_answer)


def _conclude(report: Report, seconds: float) -> None:
    total = sum(report.statuses.values())
    counted = ", ".join(f"{n} {status}" for status, n in report.statuses.most_common())
    report.line()
    report.line("── The end ".ljust(WIDTH, "─"), BOLD)
    if report.is_as_expected:
        report.line(f"Every one of {total} verdicts is the expected one: {counted}. {seconds:.1f} s", GREEN)
    else:
        report.line(f"Not as expected: see the lines with ✗ above. {total} verdicts: {counted}. {seconds:.1f} s", RED)


def _where_to_look(report: Report, scenes: Sequence[Scene], answers: Sequence[dict[str, Any]]) -> None:
    """Addresses in the admin, for a server that serves this run's database."""
    admin = f"http://{server.HOST}:{ADMIN_PORT}/admin/sync"
    queue, answer = max(zip(scenes, answers, strict=True), key=lambda pair: len(pair[0].queue))
    request_id = (answer["body"] or {}).get("request_id", "")
    clash = next((step for step in queue.queue if step.must_be.code == "stale_version"), queue.queue[0])
    report.line()
    report.line("The database stays until the next demo. Look at this run in the admin:")
    report.line(f"  1. .venv/bin/python -m demo serve --last-demo --port {ADMIN_PORT}")
    report.line(f"  2. log in as {sample.ADMIN} with the password {sample.PASSWORD}")
    report.line(f"  3. the queue     {admin}/syncbatch/?q={request_id}")
    report.line(f"     one conflict  {admin}/syncoperation/?q={clash.op_id}")


def _limit_time() -> None:
    signal.signal(signal.SIGALRM, _too_long)
    signal.alarm(LIMIT)


def _too_long(*_: object) -> NoReturn:
    raise DemoError(f"This took more than {LIMIT} seconds and was stopped. Is the machine very busy?")
