"""A relay whose root the host cannot join fails before anything is written to the host."""

import json
from types import SimpleNamespace
from typing import Any, cast

import pytest
from batch_import.domain.answers import Answer
from batch_import.domain.outcomes import Code
from batch_import.stages.probe import Prober


class Transitions:
    """Stands for the transitions of one item; keeps how the item failed."""

    def __init__(self, base_url: str) -> None:
        self.item = SimpleNamespace(base_url=base_url, requested_models=())
        self.failed: Code | None = None

    def fail(self, code: Code, text: str, profile: Any = None) -> None:
        self.failed = code


def probed(base_url: str, list_at: str) -> tuple[Code | None, list[str]]:
    """The code that the item fails with, and every URL that was called."""
    calls = []

    def exchange(method: str, url: str, **_: Any) -> Answer:
        calls.append(url)
        if url == f"{list_at}/models":
            return Answer(200, json.dumps({"data": [{"id": "text-embedding-3-small"}]}), "application/json")
        return Answer(404, json.dumps({"error": {"message": "Not Found"}}), "application/json")

    breakers = SimpleNamespace(admission=lambda origin: SimpleNamespace(wait=0, trouble=None, over=False))
    to = Transitions(base_url)
    Prober(exchange, cast(Any, breakers)).probe(cast(Any, to), "sk-AAAA0001")
    return to.failed, calls


@pytest.mark.parametrize(
    ("base_url", "list_at"),
    [
        ("https://h.example/v1beta/openai", "https://h.example/v1beta/openai"),
        ("https://h.example/v1", "https://h.example"),
    ],
)
def test_root_without_version_at_its_end_is_refused_before_any_completion(base_url: str, list_at: str) -> None:
    failed, calls = probed(base_url, list_at)
    assert failed is Code.ROOT_NOT_USABLE_BY_HOST
    assert all(url.endswith("/models") for url in calls)


def test_root_with_another_version_goes_on() -> None:
    assert probed("https://h.example/api/v4", "https://h.example/api/v4")[0] is Code.NO_CHAT_MODEL
