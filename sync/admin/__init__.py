"""The admin pages of the framework: the log, read-only, and the base class for pages of synced tables.

Django imports this package at start-up, and the import registers the pages.
"""

import sync.admin.batches
import sync.admin.clients
import sync.admin.operations  # noqa: F401 - the three register
