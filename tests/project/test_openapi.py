"""docs/openapi.yaml is what the code serves (docs/design.md#3-http-api)."""

import pytest
from openapi_spec_validator import validate

from tests.support.documents import ROOT, openapi


def test_the_committed_document_is_what_the_code_says(aws: object) -> None:
    from tools.write_openapi import rendered

    assert (ROOT / "docs" / "openapi.yaml").read_text("utf-8") == rendered(), "run `make docs`"


def test_the_committed_codes_are_those_of_the_tables() -> None:
    from tools.write_codes import rendered

    assert (ROOT / "docs" / "codes.md").read_text("utf-8") == rendered(), "run `make docs`"


def test_it_is_valid_openapi_3_1() -> None:
    assert openapi()["openapi"].startswith("3.1")
    validate(openapi())


def test_every_documented_route_lies_behind_the_authorizer() -> None:
    assert all(path.startswith("/api/") for path in openapi()["paths"])


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/api/batch-import/runs", {"state", "access_mode", "q", "limit", "cursor"}),
        (
            "/api/batch-import/runs/{run_id}/items",
            {"current_stage", "confirmation_status", "access_status", "has_warning", "provider_id",
             "matched_account_state", "account_resolution", "q", "limit", "cursor",
             "code", "platform", "has_failed", "order"},
        ),
    ],
)  # fmt: skip
def test_the_filters_are_those_of_seed_000_section_4_and_four_more(path: str, fields: set[str]) -> None:
    parameters = openapi()["paths"][path]["get"]["parameters"]
    assert {p["name"] for p in parameters if p.get("in") == "query"} == fields
