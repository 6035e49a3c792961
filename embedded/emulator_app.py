"""``uvicorn --factory embedded.emulator_app:create``: the emulator's application."""

from embedded import ministack
from embedded.errors import EmbeddedError
from embedded.gate import Gate
from embedded.terminal import complain


def create() -> Gate:
    """MiniStack behind the gate, with its speed-ups.

    Exits with code 2 and a sentence when MiniStack is another version than the known one, or lacks what security needs.
    """
    try:
        ministack.require_known_version()
        application, signatures = ministack.application(), ministack.Signatures(ministack.owners_secrets())
        ministack.key_sessions()
    except EmbeddedError as problem:
        complain(str(problem))
        raise SystemExit(2) from None
    ministack.speed_up()
    return Gate(application, signatures)
