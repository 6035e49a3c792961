"""The environment of a function, read once (template.yaml sets it)."""

from collections.abc import Mapping
from dataclasses import dataclass, fields

from batch_import.domain.politeness import NoExtraProbes


@dataclass(frozen=True)
class Settings:
    """No pydantic: the authorizer starts without it."""

    stack_name: str = "local"
    stage_name: str = "local"
    runs_table: str = ""
    items_table: str = ""
    events_table: str = ""
    secrets_table: str = ""
    import_queue_url: str = ""
    confirm_queue_url: str = ""
    validate_queue_url: str = ""
    kms_key_id: str = ""
    host_secret_id: str = ""
    deployment_secret_id: str = ""
    tokens_secret_id: str = ""
    allowed_private_hosts: str = ""
    no_extra_probes: str = ""
    ssl_cert_file: str = ""  # authorities in place of the shipped ones; for development
    provider_concurrency: int = 0
    origin_concurrency: int = 0
    origin_spacing: int = 0  # milliseconds
    key_retention_hours: float = 24
    aws_lambda_function_memory_size: int = 1024  # MiB; Lambda says it

    def __post_init__(self) -> None:
        if min(self.provider_concurrency, self.origin_concurrency, self.origin_spacing) < 0:
            raise ValueError("a limit is 0, for none, or more")
        if min(self.key_retention_hours, self.aws_lambda_function_memory_size) <= 0:
            raise ValueError("a retention and a memory are more than 0")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Names in upper case; raises ``ValueError`` for a value that cannot be."""
        given = {field.name: (field.type, environment.get(field.name.upper(), "")) for field in fields(cls)}
        kinds = {str: str, int: int, float: float}
        return cls(**{name: kinds[kind](value) for name, (kind, value) in given.items() if value})  # type: ignore[index]

    @property
    def allowed_hosts(self) -> frozenset[str]:
        return frozenset(name.strip().lower() for name in self.allowed_private_hosts.split(",") if name.strip())

    @property
    def items_at_an_origin(self) -> int:
        """How many may be probed at once; 0 for any number. One, where its requests are spaced."""
        return 1 if self.origin_spacing else self.origin_concurrency

    @property
    def spared_relays(self) -> NoExtraProbes:
        return NoExtraProbes(self.no_extra_probes.split(","))
