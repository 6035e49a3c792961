"""Asks a relay what it declares about the key's money (docs/billing.md): at most two GETs, to the relay itself."""

import re
from typing import Any
from urllib.parse import urlsplit

from batch_import.domain.answers import Answer
from batch_import.domain.billing import (
    Billing,
    Software,
    dashboard_billing,
    is_subscription,
    is_token_usage,
    new_api_billing,
    software_of,
    sub2api_billing,
)
from batch_import.domain.urls import without_version
from batch_import.net.large_answers import judged_inside
from batch_import.probe.discovery import ProviderModels
from batch_import.probe.relay import Relay

_SUBSCRIPTION, _USAGE = "/v1/dashboard/billing/subscription", "/v1/dashboard/billing/usage"
_MAKERS = ("openai.com", "anthropic.com", "googleapis.com", "x.ai", "deepseek.com", "moonshot.cn", "moonshot.ai",
           "bigmodel.cn", "z.ai", "aliyuncs.com", "volces.com", "mistral.ai", "azure.com", "amazonaws.com",
           "groq.com")  # fmt: skip
_GPT_LOAD = re.compile(r"/proxy/[^/]")  # and the name of the group


def read_billing(relay: Relay, found: ProviderModels) -> Billing | None:
    """What the relay declares, or ``None``: no such route, no answer in time, or nothing that is understood.

    ``relay`` has a budget of its own. Makers of models have none of these routes, and are not asked; nor are pools of
    gpt-load, which pass each request on with another key.
    """
    if found.gemini or _is_of_a_maker(found.api_root) or _is_pool(found.api_root):
        return None
    base = without_version(found.api_root)

    def ask(path: str) -> Any:
        with judged_inside():
            return _good_json(relay.peek(f"{base}{path}", found.auth_style))

    software = software_of(found.answer)
    if software is Software.SUB2API:
        return sub2api_billing(ask("/v1/usage?days=1"), ask("/v1/sub2api/billing"))
    if software is Software.NEW_API and is_token_usage(usage := ask("/api/usage/token/")):
        return new_api_billing(usage, ask("/api/status"))
    subscription = ask(_SUBSCRIPTION)
    billing = dashboard_billing(subscription, ask(_USAGE)) if is_subscription(subscription) else None
    if billing is not None and software is Software.NEW_API:
        return billing.model_copy(update={"currency": None})  # its dashboard may count in yuan or points
    return billing


def _good_json(answer: Answer) -> Any:
    return answer.json if answer.ok and not answer.has_error else None


def _is_pool(url: str) -> bool:
    return _GPT_LOAD.search(urlsplit(url).path) is not None


def _is_of_a_maker(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    return any(host == name or host.endswith(f".{name}") for name in _MAKERS)
