"""The end of each help."""


def examples(*lines: str) -> str:
    """Examples as they are typed; the help does not fold them."""
    return "\n".join(["\b", *(f"$ batch-import {line}" for line in lines)])
