"""Every adjustable behaviour of the sandbox, in one place."""

from dataclasses import dataclass

ADMIN_KEY = "admin-" + "5a" * 32


@dataclass(slots=True)
class Options:
    """How the stand-in host behaves; the defaults are those of a freshly installed 0.1.179."""

    host_version: str = "0.1.179"
    admin_key: str = ADMIN_KEY
    admin_email: str = "admin@example.com"
    admin_password: str = "AdminPass-123456"  # noqa: S105 - a sandbox's well-known login
    run_mode: str = "standard"  # "simple": no billing, and the key's group means nothing
    compliance_required: bool = False  # True: admin calls are 423 until the phrase was accepted
    join_delay: tuple[float, float] = (0.3, 0.6)  # a new account in a group already in use
    leave_delay: float = 0.8  # openai on 0.1.130 only: the account that left still answers
    platform_join_delay: tuple[float, float] = (0.8, 0.92)  # anthropic, gemini: beside a live account
    platform_leave_delay: tuple[float, float] = (0.2, 0.95)  # anthropic, gemini: still answers after a bulk update
    retry_pace: float = 0.0  # anthropic, gemini: share of the real waits between retries (1: up to 66 s)
    lost_events: bool = True  # 0.1.130 only: a second single write within 1 s is lost for 300 s
    write_delay: float = 0.0  # makes idempotent writes last, so that IN_PROGRESS can be seen
    user_calls_per_minute: int = 240  # 0.1.179 only: the panel's limit on a user's own token
    login_calls_per_minute: int = 0  # 0: no limit; the real host has 20
    bad_keys_per_minute: int = 120  # 0.1.179 only: INVALID_AUTH_RATE_LIMITED
    user_queue_wait: float = 30.0  # how long a call waits for its user's concurrency
    user_queue_length: int = 20
    relay_seed: int = 0  # of the random faults of relays

    @property
    def old(self) -> bool:
        """True for the older generation of hosts (0.1.130), which differs in many answers."""
        return not self.since(139)

    def since(self, patch: int) -> bool:
        """True for hosts from version 0.1.`patch` on."""
        return tuple(int(part) for part in self.host_version.split(".")) >= (0, 1, patch)
