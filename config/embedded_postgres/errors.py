"""What can go wrong with the embedded Postgres. Every message says what to do next."""


class EmbeddedPostgresError(RuntimeError):
    """The embedded Postgres cannot be started here: read the message, or set DATABASE_URL and use another one."""
