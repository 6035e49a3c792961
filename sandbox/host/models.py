"""The protocol and the upstream model of an account's calls.

See docs/host-api.md#test-path, docs/host-api.md#model-names.
"""

from sandbox.host.templates import Row


def responses_flag(account: Row) -> bool | None:
    """Whether the account supports Responses; None is unknown, which the host treats as supported."""
    mode = account["extra"].get("openai_responses_mode")
    if mode in ("force_responses", "force_chat_completions"):
        return bool(mode == "force_responses")
    flag = account["extra"].get("openai_responses_supported")
    return flag if isinstance(flag, bool) else None


def uses_responses(account: Row) -> bool:
    return responses_flag(account) is not False


def mapped(mapping: dict[str, str], model: str) -> str | None:
    """The upstream name: exact, then the longest `prefix*`; case counts. None when the mapping lacks the model."""
    if not mapping:
        return model
    if model in mapping:
        return mapping[model]
    prefixes = [name for name in mapping if name.endswith("*") and model.startswith(name[:-1])]
    if not prefixes:
        return None
    target = mapping[max(prefixes, key=len)]
    return model if target.endswith("*") else target


def channel_mapped(channel: Row | None, platform: str, model: str) -> str:
    """The channel's name for the model under the group's platform; its patterns ignore case."""
    if channel is None or channel["status"] != "active":
        return model
    pairs = {source.lower(): target for source, target in channel["model_mapping"].get(platform, {}).items()}
    return mapped(pairs, model.lower()) or model if pairs else model


def restricted(channel: Row | None, platform: str, model: str) -> bool:
    """True when the channel serves only models priced for the group's platform, and this is none of them."""
    if channel is None or channel["status"] != "active" or not channel["restrict_models"]:
        return False
    rows = [item for item in channel["model_pricing"] if item["platform"] == platform]
    priced = {name.lower(): name for item in rows for name in item["models"]}
    return mapped(priced, model.lower()) is None or not priced
