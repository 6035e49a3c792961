"""What Schemathesis cannot know of the document: forms of texts, and what has to be there to be accepted.

Loaded by Schemathesis itself, by the variable ``SCHEMATHESIS_HOOKS``. ``SCHEMATHESIS_RUNS`` names the runs that are
there, by the last part of the routes that want them; the one without a name is for all other routes.
``SCHEMATHESIS_CUSTOMER`` is a customer of the host.
"""

import json
import os
from typing import Any

import schemathesis
from hypothesis import strategies as st

HOSTS = st.from_regex(r"[a-z]([a-z0-9-]{0,10}[a-z0-9])?\.example\.(com|org)", fullmatch=True)
PATHS = st.sampled_from(["", "/", "/v1", "/v1/", "/api/v1", "/v1/chat/completions"])
KEYS = st.from_regex(r"sk-test-[A-Za-z0-9]{16}", fullmatch=True)

schemathesis.openapi.format("base-url", st.builds("{}{}{}".format, st.sampled_from(["https://", ""]), HOSTS, PATHS))
schemathesis.openapi.format("relay-list", st.builds("https://{}/v1 {}\n".format, HOSTS, KEYS))


RUNS: dict[str, str] = json.loads(os.environ.get("SCHEMATHESIS_RUNS", "{}"))
CUSTOMER, PROBE_KEY = os.environ["SCHEMATHESIS_CUSTOMER"], "sk-test-0000000000000002"


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """A sound request is for a run that is there, names a customer of the host, decides about no row, and walks from
    the first page.

    None waits for items to end: nothing works on them here.
    """
    body = case.body if isinstance(case.body, dict) else {}
    if isinstance(body.get("confirm_timeout_ms"), int) and 0 <= body["confirm_timeout_ms"] <= 20_000:
        body["confirm_timeout_ms"] = 0
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    if "run_id" in (case.path_parameters or {}):
        case.path_parameters["run_id"] = RUNS.get(case.operation.path.rpartition("/")[2], RUNS[""])
    if "item_id" in (case.path_parameters or {}):
        case.path_parameters["item_id"] = "item_00001"
    for name in ("rows", "format"):  # they say more of ``text`` than is true of it
        body.pop(name, None)
    if body.get("subscription_users"):
        body["subscription_users"] = [CUSTOMER]
    if case.operation.path.endswith("/retry"):
        case.body = {"probe_api_key": PROBE_KEY}  # for a run of self_service, as is said there
    if case.query:
        case.query.pop("cursor", None)
