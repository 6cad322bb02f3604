"""`make demo`: from nothing to a report. A fresh database, the real server, phones that know only HTTP.

Not here: the story (`scenario`), what makes an answer right (`checker`).
"""

from __future__ import annotations

import signal
import time
from collections.abc import Sequence
from typing import Any, NoReturn

from demo import database, server
from demo.checker import check_first, check_repeat, check_same
from demo.errors import DemoError
from demo.remote import Phones
from demo.report import BOLD, DIM, GREEN, RED, Report
from demo.scenario import QUEUE, SCENES
from demo.steps import Network, Scene
from entities import sample

LIMIT = 90  # seconds for everything, on a machine that is busy with other things
WORKERS = 2
ADMIN_PORT = 8000  # that of `serve`, where this run can be looked at afterwards


def play(scenes: Sequence[Scene] = SCENES) -> int:
    """Play the scenes and print them. 0 when every verdict is the expected one, else 1."""
    report = Report()
    began = time.monotonic()
    report.line("A day with an offline phone", BOLD)
    with database.fresh() as url:
        _limit_time()
        told = f"A fresh database, {database.NAME}, on {database.server_name()}; migrated, with sample data"
        report.line(f"{told} ({time.monotonic() - began:.1f} s)", DIM)
        environment = {"DATABASE_URL": url}
        with server.running(server.free_port(), workers=WORKERS, environment=environment, quiet=True) as running:
            report.line(f"The real server, granian with {WORKERS} workers: {running.url}", DIM)
            answers = _play_all(scenes, running.url, report)
    signal.alarm(0)
    _conclude(report, answers, time.monotonic() - began)
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
            _upload(scene, phones, lose_answer=True)
            report.line(
                "   The answer is lost. The phone cannot know what was done: it sends all of it again, gzipped.", DIM
            )
            answer = _upload(scene, phones, gzip=True)
            report.verdicts(scene, answer, check_repeat(scene, answer))
        case Network.APP_CRASHES:
            answer = _upload(scene, phones, save_answer=False)
            report.verdicts(scene, answer, check_first(scene, answer))
            _send_again(scene, phones, report, answer)
    return answer


def _send_again(scene: Scene, phones: Phones, report: Report, first: dict[str, Any]) -> None:
    again = _upload(scene, phones, gzip=True)
    replayed = ((again["body"] or {}).get("summary") or {}).get("replayed")
    report.line()
    report.line("    The app crashes before it has saved the answer, and sends the whole queue again, gzipped:")
    report.remark(
        f"the same {len(scene.queue)} verdicts; {replayed} replayed, the skipped ones judged again, nothing written twice",
        check_same(scene, first, again),
    )


def _upload(
    scene: Scene, phones: Phones, *, gzip: bool = False, lose_answer: bool = False, save_answer: bool = True
) -> dict[str, Any]:
    return phones.tell(scene.phone, "upload", gzip=gzip, lose_answer=lose_answer, save_answer=save_answer)


def _conclude(report: Report, answers: Sequence[dict[str, Any]], seconds: float) -> None:
    total = sum(report.statuses.values())
    counted = ", ".join(f"{n} {status}" for status, n in report.statuses.most_common())
    report.line()
    report.line("── The end ".ljust(110, "─"), BOLD)
    if report.is_as_expected:
        report.line(f"Every one of {total} verdicts is the expected one: {counted}. {seconds:.1f} s", GREEN)
    else:
        report.line(f"Not as expected: see the lines with ✗ above. {total} verdicts: {counted}. {seconds:.1f} s", RED)
    _where_to_look(report, answers)


def _where_to_look(report: Report, answers: Sequence[dict[str, Any]]) -> None:
    """Addresses in the admin, for a server that serves this run's database."""
    admin = f"http://{server.HOST}:{ADMIN_PORT}/admin/sync"
    request_id = next(
        (a["body"]["request_id"] for s, a in zip(SCENES, answers, strict=False) if s is QUEUE and a["body"]), ""
    )
    clash = next(step for step in QUEUE.queue if step.must_be.code == "stale_version")
    report.line()
    report.line("The database stays until the next demo. Look at this run in the admin:")
    report.line(f"  1. .venv/bin/python -m demo serve --last-demo --port {ADMIN_PORT}")
    report.line(f"  2. log in as {sample.ADMIN} with the password {sample.PASSWORD}")
    report.line(f"  3. the seller's queue   {admin}/syncbatch/?q={request_id}")
    report.line(f"     the clash in Luna    {admin}/syncoperation/?q={clash.op_id}")


def _limit_time() -> None:
    signal.signal(signal.SIGALRM, _too_long)
    signal.alarm(LIMIT)


def _too_long(*_: object) -> NoReturn:
    raise DemoError(f"The demo took more than {LIMIT} seconds and was stopped.")
