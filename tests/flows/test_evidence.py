"""Speed and evidence of an import, from the relay to the API's answer."""

from typing import Any

import pytest
from batch_import.bootstrap import bootstrap
from batch_import.domain.politeness import SPARED_REQUESTS

from sandbox.relays.call import parse_name
from sandbox.relays.profiles import Healthy
from tests.conftest import Service

KEY = "sk-test-evidence-0001"


def relays(box: Any, *profiles: str) -> list[dict[str, str]]:
    return [{"base_url": box.relay(profile, "e"), "api_key": KEY} for profile in profiles]


def test_items_tell_what_their_relays_showed(service: Service, box: Any) -> None:
    run_id, items = service.import_(relays(box, "form_openai", "injects_prompt", "form_anthropic", "dead_key"))
    honest, injecting, native, dead = items
    assert [item["access_status"] for item in items] == ["active", "active", "active", "broken"]

    assert honest["evidence"]["identity"]["value"] == honest["evidence"]["passthrough"]["value"] == "consistent"
    assert {"tool_arguments_kept", "stop_kept", "prompt_counted_small"} <= {
        one["code"] for one in honest["evidence"]["passthrough"]["observations"]
    }
    assert honest["speed"]["first_token_ms"] > 0
    assert honest["speed"]["tokens_per_second"] > 0
    assert native["speed"]["tokens_per_second"] > 0
    assert (dead["speed"], dead["evidence"]) == (None, None)

    assert injecting["evidence"]["passthrough"]["value"] == "inconsistent"
    assert not injecting["advisory_messages"]
    detail = service.item(run_id, injecting["item_id"])
    assert detail["evidence"] == injecting["evidence"]
    told = [one for one in detail["evidence"]["passthrough"]["observations"] if one["code"] == "prompt_counted_large"]
    assert told[0]["source"] == "chat_completions"
    assert told[0]["text"].startswith("A short sentence was counted as 912 tokens")
    of_model = detail["capability_profile"]["model_profiles"][0]
    assert of_model["speed"] == detail["speed"]


def test_a_relay_of_gemini_has_its_speed_and_is_accused_of_nothing(service: Service, box: Any) -> None:
    _, [item] = service.import_(relays(box, "form_gemini"))
    assert (item["access_status"], item["platform"]) == ("active", "gemini")
    assert not [text for text in item["advisory_messages"] if "refused" in text]
    assert item["speed"]["tokens_per_second"] > 0


def test_a_spared_relay_is_asked_only_what_the_import_needs(
    service: Service, box: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {}
    for spared in ("", "127.0.0.1"):
        monkeypatch.setenv("NO_EXTRA_PROBES", spared)
        bootstrap.cache_clear()
        box.relays.reset()
        _, items = service.import_(relays(box, "form_openai"), dry_run=True)
        asked[spared] = sum(box.relay_calls().values())
    assert asked == {"": 7, "127.0.0.1": SPARED_REQUESTS}
    assert items[0]["speed"] is None
    assert items[0]["evidence"]["identity"]["value"] == items[0]["evidence"]["passthrough"]["value"] == "consistent"


def test_passing_on_is_unknown_where_the_questions_about_it_were_not_asked(
    service: Service, box: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: Any) -> Any:
        raise ValueError("an answer that nobody foresaw")

    monkeypatch.setattr("batch_import.stages.probe.probe_deferred", failing)
    _, [item] = service.import_(relays(box, "form_openai"))
    told = item["evidence"]["passthrough"]
    assert (told["value"], [one["code"] for one in told["observations"]]) == ("unknown", ["prompt_counted_small"])


def test_the_speed_is_that_of_the_platform_on_which_the_account_is_held(service: Service, box: Any) -> None:
    """The relay speaks chat completions, too, since it was imported; its account stays on platform anthropic."""
    pairs = relays(box, "messages_only")
    service.import_(pairs)
    before, now = box.relays.relay("messages_only", "e"), Healthy(parse_name("e"))
    now.listed, now.served = before.listed, before.served
    box.relays.relays["messages_only", "e"] = now
    box.relays.reset()
    run_id, [item] = service.import_(pairs, dry_run=True)
    assert item["platform"] == "anthropic"
    assert {path.rpartition("/v1/")[2]: n for path, n in box.relay_calls().items() if "/v1/m" in path or n > 1} == {
        "models": 1, "messages": 2,
    }  # fmt: skip
    detail = service.item(run_id, item["item_id"])
    timed = [one["raw_model_id"] for one in detail["capability_profile"]["model_profiles"] if one["speed"]]
    assert timed == [item["resolved_smoke_model"]]


def test_an_item_is_not_lost_when_its_speed_cannot_be_read(
    service: Service, box: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: Any) -> Any:
        raise ValueError("an answer that nobody foresaw")

    monkeypatch.setattr("batch_import.stages.probe.probe_deferred", failing)
    _, [item] = service.import_(relays(box, "form_openai"), priority_from_speed=True)
    assert (item["access_status"], item["speed"]) == ("active", None)


def test_a_key_in_a_models_name_is_not_told(service: Service, box: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relay repeats the key where a model's name belongs, in the shape of another maker's model."""
    monkeypatch.setattr("sandbox.relays.software_profiles.FormOpenai.named", f"qwen3-32b-{KEY}")
    _, items = service.import_(relays(box, "form_openai"), dry_run=True)
    assert KEY not in str(items)
