"""The error that the commands print as one sentence."""


class EmbeddedError(Exception):
    """A problem that the user can solve; the text says what it is, and how. Exit code 2."""
