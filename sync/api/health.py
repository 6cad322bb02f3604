"""GET /healthz: this process answers. It asks no database, whose trouble must not restart every worker."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Say that the process lives."""
    return HttpResponse("ok\n", content_type="text/plain", headers={"Cache-Control": "no-store"})
