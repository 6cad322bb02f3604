"""What can keep a demo from being played. Every message says what to do next."""


class DemoError(RuntimeError):
    """The demo cannot be played: read the message."""
