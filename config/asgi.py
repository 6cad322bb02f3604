"""Entry point for an ASGI server.

Batches are served over WSGI (`config.wsgi`): the ORM is synchronous, and under ASGI each request pays for a thread hop.
"""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_asgi_application()
