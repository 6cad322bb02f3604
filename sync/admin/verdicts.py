"""What a verdict says to a person: its code in words, its retry word explained.

Not here: the list of codes, which is the protocol's, and those a domain adds, which stand on its handlers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from sync.admin.text import NOTHING, shown
from sync.handlers.registry import registry
from sync.protocol.codes import CODES, Retry, Status

NO_VERDICT = "no verdict"
COUNTS = (*map(str, Status), "replayed")  # the columns of a batch that count its operations

RETRIES = {
    Retry.NEVER: "Done, or pointless: the client takes it off its queue.",
    Retry.LATER: "The client sends it again under the same op_id.",
    Retry.AFTER_FIX: (
        "The client takes it off its queue. A person or the app mends the cause and makes a new operation."
    ),
}
SKIPPED_AFTER_FIX = "The client may send it again under its own op_id, together with the operation that held it back."


def meaning(entity: str, code: str) -> str:
    """A code in words, the domain's own codes too; empty for one that is not known any more."""
    if known := CODES.get(code):
        return known.message
    handler = registry.get(entity)
    return handler.codes.get(code, "") if handler is not None else ""


def retry_meaning(status: str | None, retry: str) -> str:
    """What the client does with the operation after this verdict."""
    if retry not in set(Retry):
        return ""
    if status == Status.SKIPPED and retry == Retry.AFTER_FIX:
        return SKIPPED_AFTER_FIX
    return RETRIES[Retry(retry)]


def known_codes() -> Iterator[str]:
    """Every code that an operation can have today: the protocol's, then the domains'."""
    yield from CODES
    yield from sorted({code for handler in registry for code in handler.codes})


def badge(status: str | None) -> SafeString:
    """A status in its colour. The word says it too: colour alone tells nothing to many people."""
    return format_html('<span class="sync-badge {}">{}</span>', css_class(status), shown(status or NO_VERDICT))


def count_badges(figures: Mapping[str, int]) -> SafeString:
    """`20 applied 2 rejected`: how many operations have each status. Zeros are left out, trouble stands out."""
    found = [(css_class(name), f"{count:,}", name) for name in COUNTS if (count := figures.get(name, 0))]
    return format_html_join(" ", '<span class="sync-badge {}">{} {}</span>', found) or format_html("{}", NOTHING)


def css_class(status: str | None) -> str:
    """The class of a status in the style sheet."""
    return f"sync-{status}" if status in set(Status) else "sync-none"
