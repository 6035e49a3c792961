"""How an account already in the host may change: a delta of the model mapping, nothing else.

See docs/design.md#22-decide.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ModelMappingDelta:
    """Public name → the name the relay serves, only for what is missing or wrong today."""

    added: Mapping[str, str]

    @property
    def empty(self) -> bool:
        return not self.added

    def applied_to(self, current: Mapping[str, str]) -> dict[str, str]:
        return {**current, **self.added}


NOTHING_ADDED = ModelMappingDelta({})


@dataclass(frozen=True, slots=True)
class ChannelPatchContract:
    """The one patch that a covered account may get: `bulk-update` of ``credentials.model_mapping`` for one id.

    Keys, groups, limits, prices and states are outside the contract; so are names that people added by hand.
    """

    account_id: int
    model_mapping: Mapping[str, str] = field(default_factory=dict)

    def body(self) -> dict[str, object]:
        return {"account_ids": [self.account_id], "credentials": {"model_mapping": dict(self.model_mapping)}}


def model_mapping_delta(current: Mapping[str, str], wanted: Mapping[str, str]) -> ModelMappingDelta:
    """What ``wanted`` adds to ``current``. A name that exists keeps its target: someone may have set it on purpose."""
    # an empty mapping means "all models accepted" (docs/host-api.md#model-mapping): adding would narrow it
    if not current:
        return ModelMappingDelta({})
    return ModelMappingDelta({name: target for name, target in wanted.items() if name not in current})
