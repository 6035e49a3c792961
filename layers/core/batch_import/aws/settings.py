"""The environment of a function, read once (template.yaml sets it)."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field


class Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    runs_table: str = ""
    items_table: str = ""
    events_table: str = ""
    import_queue_url: str = ""
    confirm_queue_url: str = ""
    validate_queue_url: str = ""
    kms_key_id: str = ""
    host_secret_id: str = ""
    deployment_secret_id: str = ""
    tokens_secret_id: str = ""
    allowed_private_hosts: str = ""
    provider_concurrency: int = Field(default=0, ge=0)
    origin_concurrency: int = Field(default=0, ge=0)
    key_retention_hours: float = Field(default=24, gt=0)
    aws_lambda_function_memory_size: int = Field(default=1024, gt=0)  # MiB; Lambda says it

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Names in upper case; raises pydantic's ``ValidationError`` for a value that cannot be."""
        return cls.model_validate({name.lower(): value for name, value in environment.items() if value})

    @property
    def allowed_hosts(self) -> frozenset[str]:
        return frozenset(name.strip().lower() for name in self.allowed_private_hosts.split(",") if name.strip())
