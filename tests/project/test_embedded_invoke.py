"""``make invoke``: each function as it was built, under Lambda's runtime interface emulator, with real work."""

import json
import sys

import pytest

from embedded.errors import EmbeddedError
from embedded.invoke import FUNCTIONS, Invocation
from embedded.stack import Embedded

pytestmark = [
    pytest.mark.embedded,
    pytest.mark.long,
    pytest.mark.timeout(300),
    pytest.mark.skipif(sys.platform != "linux", reason="Lambda's runtime interface emulator is for Linux"),
]
AFTER = {  # what the event's item is in no longer, and what it may be in
    "provision": {"confirm", "validate", "done"},
    "confirmation": {"validate", "done"},
    "validation": {"done"},
    "dead_letter": {"validate", "done"},
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_does_real_work(embedded: Embedded, name: str) -> None:
    invocation = Invocation(embedded, name)
    answer, item = invocation.run()
    if name == "api":
        assert answer["statusCode"] == 202
    elif name == "authorizer":
        assert answer["context"] == {"role": "operator"}
    elif name == "reconcile":
        assert answer["keys_erased"] == 0
    else:
        assert answer == {"batchItemFailures": []}
        assert item is not None
        assert item["current_stage"] in AFTER[name]
    variables = json.loads((embedded.settings.home / "invoke" / "env.json").read_text(encoding="utf-8"))
    [environment] = variables.values()
    assert environment["AWS_ENDPOINT_URL"] == embedded.settings.endpoint


def test_mappings_work_again_afterwards(embedded: Embedded) -> None:
    found = embedded.emulator.client("lambda").list_event_source_mappings()["EventSourceMappings"]
    assert {one["State"] for one in found} == {"Enabled"}


def test_an_unknown_function_is_refused_with_the_names(embedded: Embedded) -> None:
    with pytest.raises(EmbeddedError, match="provision"):
        Invocation(embedded, "nothing")
