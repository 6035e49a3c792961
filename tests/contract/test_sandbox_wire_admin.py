"""Groups, channels, users, keys and the host itself, against captured exchanges."""

from collections.abc import Callable, Iterator

import pytest
import requests

from sandbox.wirekit import ADMIN, Cases, World, both_worlds, compare

CASES = Cases()
case = CASES.case


@pytest.fixture(scope="module")
def worlds() -> Iterator[dict[str, World]]:
    with both_worlds() as found:
        yield found


# Groups, channels, users, keys, subscriptions


@case("179-group-create")
def group_create(w: World) -> requests.Response:
    w.serial += 1
    return w.replay("179-group-create", name=f"g-{w.serial}")


@case("179-group-put-clears-limits")
def group_put(w: World) -> requests.Response:
    group = w.group(daily_limit_usd="12.5", weekly_limit_usd=0)
    assert w.box.host.groups[group]["daily_limit_usd"] == 12.5
    answer = w.replay("179-group-put-clears-limits", f"{ADMIN}/groups/{group}")
    assert w.box.host.groups[group]["daily_limit_usd"] is None
    return answer


@case("179-group-create-duplicate-409")
def group_twice(w: World) -> requests.Response:
    w.replay("179-group-create-duplicate-409")
    return w.replay("179-group-create-duplicate-409")


@case("179-groups-all-platform-and-include-inactive", "130-groups-all-platform-and-include-inactive")
def groups_all(w: World) -> requests.Response:
    group = w.group()
    w.account(w.box.relay("healthy"), group)
    w.box.host.groups = {number: row for number, row in w.box.host.groups.items() if number in (1, group)}
    w.box.host.groups[1]["sort_order"] = 1
    return w.admin("GET", "/groups/all?platform=openai&include_inactive=true")


@case("179-channel-create")
def channel_create(w: World) -> requests.Response:
    w.serial += 1
    return w.replay("179-channel-create", name=f"chan-{w.serial}", group_ids=[w.group()])


@case("179-channel-create-group-already-409")
def channel_conflict(w: World) -> requests.Response:
    groups = channel_create(w).json()["data"]["group_ids"]
    return w.replay("179-channel-create-group-already-409", group_ids=groups)


@case("179-user-create")
def user_create(w: World) -> requests.Response:
    w.serial += 1
    return w.replay("179-user-create", email=f"u-{w.serial}@example.com")


@case("179-key-create")
def key_create(w: World) -> requests.Response:
    w.box.host.keys.clear()
    w.box.host.key_ids.clear()
    w.box.host.idempotency.clear()
    return w.replay("179-key-create", group_id=w.group())


@case("179-key-create-panel-rate-limited")
def panel_limit(w: World) -> requests.Response:
    token = w.box.host.new_token(w.user())
    for _ in range(240):
        w.call("GET", "/api/v1/keys", Authorization=f"Bearer {token}")
    return w.call("POST", "/api/v1/keys", {"name": "k"}, Authorization=f"Bearer {token}")


@case("179-admin-api-key-rebind")
def rebind(w: World) -> requests.Response:
    _, key = w.served("healthy")
    w.chat(key)
    return w.replay("179-admin-api-key-rebind", f"{ADMIN}/api-keys/{w.key_id(key)}", group_id=w.group())


@case("179-admin-api-key-rebind-subscription-required")
def rebind_refused(w: World) -> requests.Response:
    group = w.group(subscription_type="subscription")
    path = f"{ADMIN}/api-keys/{w.key_id(w.key())}"
    return w.replay("179-admin-api-key-rebind-subscription-required", path, group_id=group)


@case("179-subscription-assign")
def assign(w: World) -> requests.Response:
    group, user = w.group(subscription_type="subscription", daily_limit_usd=10), w.user(username="probe")
    w.call("GET", "/api/v1/keys", Authorization=f"Bearer {w.box.host.new_token(user)}")
    return w.replay("179-subscription-assign", user_id=user, group_id=group)


@case("179-subscription-assign-conflict-validity")
def assign_conflict(w: World) -> requests.Response:
    first = assign(w).json()["data"]
    ids = {"user_id": first["user_id"], "group_id": first["group_id"]}
    return w.replay("179-subscription-assign-conflict-validity", **ids)


# The host itself


def compliance(name: str) -> Callable[[World], requests.Response]:
    def arrange(w: World) -> requests.Response:
        w.box.host.compliance, w.box.host.options.compliance_required = None, True
        answer = w.replay(name)
        w.box.host.options.compliance_required = False
        return answer

    return arrange


for _name in ("179-compliance-status-required", "179-compliance-423-get", "179-compliance-accept"):
    CASES[_name] = compliance(_name)


@case("179-login-ok")
def login(w: World) -> requests.Response:
    seen = w.box.host.users[1].pop("last_active_at", None)
    answer = w.replay("179-login-ok")
    w.box.host.users[1]["last_active_at"] = seen
    return answer


@case("179-login-rate-limited")
def login_limit(w: World) -> requests.Response:
    options = w.box.host.options
    body = {"email": options.admin_email, "password": options.admin_password}
    options.login_calls_per_minute = 2
    answers = [w.call("POST", "/api/v1/auth/login", body) for _ in range(3)]
    options.login_calls_per_minute = 0
    return answers[-1]


@case("179-admin-key-regenerate")
def regenerate(w: World) -> requests.Response:
    answer = w.replay("179-admin-key-regenerate")
    assert w.box.host.admin_key == answer.json()["data"]["key"]
    w.box.host.admin_key = w.box.admin_key
    return answer


for _name in (
    "179-admin-bad-key", "179-auth-me", "179-group-create-rate-multiplier-omitted-500",
    "179-key-create-with-admin-key-401", "179-system-version", "179-user-balance-add",
):  # fmt: skip
    CASES[_name] = lambda w, name=_name: w.replay(name)


@pytest.mark.parametrize("name", sorted(CASES))
def test_the_sandbox_answers_as_the_real_host_did(worlds: dict[str, World], name: str) -> None:
    assert compare(CASES, name, worlds) == []
