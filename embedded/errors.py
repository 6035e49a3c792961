"""What goes wrong here is told in one sentence."""


class EmbeddedError(Exception):
    """Something that the person at the keyboard can put right; its text says what, and how."""
