"""Profiles of relays by their software, each with the routes on which it declares a key's balance and multiplier."""

# ruff: noqa: ARG002 - overrides keep the signature of the base class

from typing import Any, ClassVar

from sandbox.http import Answer
from sandbox.relays import answers
from sandbox.relays.call import RelayCall
from sandbox.relays.profiles import Healthy

POINTS = 500_000  # of New API and one-api, for a dollar
_USED = 2.5
_PAST, _UNLIMITED = 1_700_000_000, 100_000_000


class Sub2api(Healthy):
    """Runs sub2api: a wallet, or a key with an expiry date, and the multiplier of the key's group."""

    def models(self, call: RelayCall) -> Answer:
        rows = [
            {"id": m, "type": "model", "display_name": m, "created_at": "2024-01-01T00:00:00Z"} for m in self.listed
        ]
        return answers.good({"object": "list", "data": rows})

    def told(self, call: RelayCall) -> Answer | None:
        if call.endpoint == "/usage":
            return answers.good(self.usage(call))
        return answers.good(self.rates(call)) if call.endpoint == "/sub2api/billing" else None

    def usage(self, call: RelayCall) -> dict[str, Any]:
        left = call.name.balance
        if not call.name.expired:
            return {"mode": "unrestricted", "isValid": True, "planName": "wallet", "remaining": left, "unit": "USD",
                    "balance": left}  # fmt: skip
        quota = {"limit": left + _USED, "used": _USED, "remaining": left, "unit": "USD"}
        return {"mode": "quota_limited", "isValid": True, "status": "expired", "quota": quota, "remaining": left,
                "unit": "USD", "expires_at": "2023-11-14T22:13:20Z"}  # fmt: skip

    def rates(self, call: RelayCall) -> dict[str, Any]:
        rate = call.name.rate
        return {"object": "sub2api.key_billing", "schema_version": 1, "billing_scope": "token",
                "group_rate_multiplier": rate, "resolved_rate_multiplier": rate, "peak_rate_enabled": False,
                "effective_rate_multiplier": rate, "observed_at": "2026-01-01T00:00:00Z"}  # fmt: skip


class PeakSub2api(Sub2api):
    """Runs sub2api: a key with a quota and an expiry date, of a group that is dearer by half in peak hours."""

    def usage(self, call: RelayCall) -> dict[str, Any]:
        left = call.name.balance
        quota = {"limit": left + _USED, "used": _USED, "remaining": left, "unit": "USD"}
        return {"mode": "quota_limited", "isValid": True, "status": "active", "quota": quota, "remaining": left,
                "unit": "USD", "expires_at": "2099-06-01T12:00:00Z"}  # fmt: skip

    def rates(self, call: RelayCall) -> dict[str, Any]:
        return {**super().rates(call), "peak_rate_enabled": True, "peak_rate_multiplier": 1.5}


class SimpleSub2api(Sub2api):
    """Runs sub2api with ``RUN_MODE=simple``: it bills nothing, so the wallet is empty and there are no multipliers."""

    def told(self, call: RelayCall) -> Answer | None:
        if call.endpoint == "/usage":
            return answers.good({"mode": "unrestricted", "isValid": True, "planName": "wallet", "remaining": 0,
                                 "unit": "USD", "balance": 0})  # fmt: skip
        return None


class NewApi(Healthy):
    """Runs New API: a key's quota in points."""

    points: ClassVar[int] = POINTS

    def models(self, call: RelayCall) -> Answer:
        rows = [{"id": model, "object": "model", "created": 1626777600, "owned_by": "custom",
                 "supported_endpoint_types": ["openai"]} for model in self.listed]  # fmt: skip
        answer = answers.good({"success": True, "object": "list", "data": rows})
        answer.headers |= {"X-New-Api-Version": "v0.9.0"}
        return answer

    def told(self, call: RelayCall) -> Answer | None:
        if call.endpoint == "/api/status":
            data = {"version": "v0.9.0", "quota_per_unit": self.points, "quota_display_type": "USD"}
            return answers.good({"success": True, "message": "", "data": data})
        if call.endpoint != "/api/usage/token/":
            return None
        left, used = round(call.name.balance * self.points), round(_USED * self.points)
        data = {"object": "token_usage", "name": "sandbox", "total_granted": left + used, "total_used": used,
                "total_available": left, "unlimited_quota": False, "model_limits": {}, "model_limits_enabled": False,
                "expires_at": _PAST if call.name.expired else 0}  # fmt: skip
        return answers.good({"code": True, "message": "ok", "data": data})


class NewApiOwnPoints(NewApi):
    """Runs New API; its operator gives another number of points for a dollar."""

    points = 1_000


class OneApi(Healthy):
    """Runs one-api: the dashboard routes that OpenAI once had."""

    def told(self, call: RelayCall) -> Answer | None:
        if call.endpoint == "/dashboard/billing/subscription":
            limit = call.name.balance + _USED
            return answers.good({"object": "billing_subscription", "has_payment_method": True, "soft_limit_usd": limit,
                                 "hard_limit_usd": limit, "system_hard_limit_usd": limit,
                                 "access_until": _PAST if call.name.expired else 0})  # fmt: skip
        if call.endpoint == "/dashboard/billing/usage":
            return answers.good({"object": "list", "total_usage": _USED * 100})
        return None


class UnlimitedKey(OneApi):
    """Runs one-api; the key has no limit."""

    def told(self, call: RelayCall) -> Answer | None:
        if call.endpoint == "/dashboard/billing/subscription":
            return answers.good({"object": "billing_subscription", "has_payment_method": True,
                                 "soft_limit_usd": _UNLIMITED, "hard_limit_usd": _UNLIMITED,
                                 "system_hard_limit_usd": _UNLIMITED, "access_until": 0})  # fmt: skip
        return super().told(call)


class Aiproxy(OneApi):
    """Runs labring's aiproxy: the same routes, and limits that mean something else."""

    def told(self, call: RelayCall) -> Answer | None:
        if call.endpoint == "/dashboard/billing/subscription":
            limit = call.name.balance + _USED
            return answers.good({"object": "", "has_payment_method": False, "soft_limit_usd": call.name.balance,
                                 "hard_limit_usd": limit, "system_hard_limit_usd": limit,
                                 "access_until": 0})  # fmt: skip
        return super().told(call)


class HostileBilling(Sub2api):
    """Looks like sub2api; what it declares is nonsense of every kind."""

    def usage(self, call: RelayCall) -> dict[str, Any]:
        return {"isValid": True, "remaining": "0", "balance": {"usd": 0}, "unit": "<b>", "quota": [0],
                "expires_at": -1e300}  # fmt: skip

    def rates(self, call: RelayCall) -> dict[str, Any]:
        return {"object": "sub2api.key_billing", "billing_scope": "token", "resolved_rate_multiplier": 1e300}


BILLING_PROFILES: dict[str, type[Healthy]] = {
    "sub2api": Sub2api,
    "peak_sub2api": PeakSub2api,
    "simple_sub2api": SimpleSub2api,
    "new_api": NewApi,
    "new_api_own_points": NewApiOwnPoints,
    "one_api": OneApi,
    "unlimited_key": UnlimitedKey,
    "aiproxy": Aiproxy,
    "hostile_billing": HostileBilling,
}
