"""Typed calls to sub2api's admin API: groups, channels, accounts, access (docs/host-api.md)."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from http import HTTPStatus
from itertools import islice, takewhile
from typing import Any, cast

from batch_import.domain.types import Platform
from batch_import.host.errors import HostError, HostRejected, HostUncertain
from batch_import.host.transport import HostTransport

Json = dict[str, Any]
_FEW = 50  # rows of a page of which mostly the first ones are wanted
_PAGE = 1000  # more than this silently becomes 20 (docs/host-api.md#paging)
_PART_OF_KEY = 8  # characters, enough to be found by
_LIMITS = ("daily_limit_usd", "weekly_limit_usd", "monthly_limit_usd")
_ADMIN = "/api/v1/admin"


class HostClient:
    def __init__(self, transport: HostTransport) -> None:
        self.transport = transport
        self._version: tuple[int, ...] | None = None

    # --- what it is

    def version(self) -> str:
        return str(self.transport.get(f"{_ADMIN}/system/version").get("version", ""))

    def version_numbers(self) -> tuple[int, ...]:
        """Asked once; a version that cannot be read is an empty tuple, which counts as old."""
        if self._version is None:
            self._version = tuple(int(number) for number in re.findall(r"\d+", self.version())[:3])
        return self._version

    def at_least(self, *wanted: int) -> bool:
        """Is the host of this version or newer?"""
        return self.version_numbers() >= wanted

    # --- groups (docs/host-api.md#groups)

    def groups(self) -> list[Json]:
        """All groups of all platforms, inactive ones too. Old hosts hide those from ``/all``.

        See docs/host-api.md#group-list.
        """
        found = {g["id"]: g for g in self.transport.get(f"{_ADMIN}/groups/all", {"include_inactive": "true"}) or []}
        for group in self._pages(f"{_ADMIN}/groups", {"status": "inactive"}):
            found.setdefault(group["id"], group)
        return list(found.values())

    def group_named(self, name: str) -> Json | None:
        """The search is "contains" over name and description, so the exact name is picked here."""
        rows = self._pages(f"{_ADMIN}/groups", {"search": name[:100]})
        return next((row for row in rows if row["name"] == name), None)

    def group(self, group_id: int) -> Json:
        return cast(Json, self.transport.get(f"{_ADMIN}/groups/{group_id}"))

    def ensure_private_group(
        self, name: str, description: str, platform: Platform = Platform.OPENAI, *, likely: bool = True
    ) -> tuple[Json, bool]:
        """The group of this name, born standard and exclusive if it is not there; and whether it was made now.

        One that is not ``likely`` to be there is made first and looked for when the host says that it exists.
        """
        existing = self.group_named(name) if likely else None
        if existing is not None:
            return existing, False
        body = {
            "name": name,
            "description": description,
            "platform": platform.value,
            "rate_multiplier": 1,
            "subscription_type": "standard",
            "is_exclusive": True,
        }
        return self._create("groups", body, "GROUP_EXISTS", lambda: self.group_named(name))

    def update_group(self, group: Json, changes: Mapping[str, Any]) -> Json:
        """PUT clears limits that are not sent again, so those that are set always are (docs/host-api.md#group-limits).

        One that is not set must not be sent: hosts store an explicit null as 0.
        """
        body = {**{limit: group[limit] for limit in _LIMITS if group.get(limit) is not None}, **changes}
        return cast(Json, self.transport.write("PUT", f"{_ADMIN}/groups/{group['id']}", body))

    def delete_group(self, group_id: int) -> None:
        """Unbinds accounts, keys and subscriptions (docs/host-api.md#groups)."""
        self._delete(f"{_ADMIN}/groups/{group_id}")

    def keys_of_group(self, group_id: int) -> Iterator[Json]:
        return self._pages(f"{_ADMIN}/groups/{group_id}/api-keys", {})

    # --- channels (docs/host-api.md#channels)

    def channel_named(self, name: str) -> Json | None:
        rows = self._pages(f"{_ADMIN}/channels", {"search": name[:100]})
        return next((row for row in rows if row["name"] == name), None)

    def ensure_channel(
        self, name: str, description: str, group_id: int, prices: Sequence[Json] = (), *, likely: bool = True
    ) -> tuple[Json, bool]:
        """A channel of this name for the group: prices and restrictions hang on it, routing does not
        (docs/host-api.md#what-a-channel-is-for).

        ``prices`` are entries for a new one; those of an existing one are left as they are. ``likely`` as for groups.
        """
        existing = self.channel_named(name) if likely else None
        if existing is not None:
            return existing, False
        body = {"name": name, "description": description, "group_ids": [group_id], "restrict_models": False}
        if prices:
            body["model_pricing"] = list(prices)
        return self._create("channels", body, "CHANNEL_EXISTS", lambda: self.channel_named(name))

    def delete_channel(self, channel_id: int) -> None:
        self._delete(f"{_ADMIN}/channels/{channel_id}")

    def _delete(self, path: str) -> None:
        """A success also when there is nothing to delete."""
        try:
            self.transport.write("DELETE", path)
        except HostRejected as error:
            if error.status != 404:
                raise

    def update_channel(self, channel_id: int, changes: Mapping[str, Any]) -> Json:
        return cast(Json, self.transport.write("PUT", f"{_ADMIN}/channels/{channel_id}", dict(changes)))

    # --- accounts (docs/host-api.md#accounts)

    def accounts(self, search: str = "", group_id: int | None = None) -> Iterator[Json]:
        """apikey accounts of all platforms, in all states; ``search`` matches the name only."""
        query: Json = {"type": "apikey"}
        if search:
            query["search"] = search
        if group_id is not None:
            query["group"] = group_id
        return self._pages(f"{_ADMIN}/accounts", query)

    def in_group(self, group_id: int) -> list[Json]:
        """All accounts of a group, of every type."""
        return list(self._pages(f"{_ADMIN}/accounts", {"group": group_id}))

    def accounts_after(self, account_id: int) -> Iterator[Json]:
        """Those with a greater id, newest first: those made since an earlier look (docs/host-api.md#account-list)."""
        query = {"type": "apikey", "sort_by": "id", "sort_order": "desc"}
        rows = self._pages(f"{_ADMIN}/accounts", query, size=_FEW)
        return takewhile(lambda row: row["id"] > account_id, rows)

    def account(self, account_id: int) -> Json | None:
        try:
            return cast(Json, self.transport.get(f"{_ADMIN}/accounts/{account_id}"))
        except HostRejected as error:
            if error.status == 404:
                return None
            raise

    def create_account(self, body: Mapping[str, Any], idempotency_key: str) -> Json:
        """Not transactional on the host: after ``HostUncertain`` the row may exist.

        See docs/host-api.md#creation-is-not-transactional.
        """
        return cast(Json, self.transport.write("POST", f"{_ADMIN}/accounts", body, idempotency_key=idempotency_key))

    def bulk_update(self, account_id: int, **fields: Any) -> None:
        """Merges; starts no probe; its scheduling effect is never lost. GET after it: it proves nothing.

        See docs/host-api.md#bulk-update-last.
        """
        self.transport.write("POST", f"{_ADMIN}/accounts/bulk-update", {"account_ids": [account_id], **fields})

    def delete_account(self, account_id: int) -> None:
        """Soft; a success also when there is nothing to delete."""
        self.transport.write("DELETE", f"{_ADMIN}/accounts/{account_id}")

    def set_expiry(self, account_id: int, seconds: int) -> None:
        """Seconds of the epoch; 0 for never."""
        self.transport.write("PUT", f"{_ADMIN}/accounts/{account_id}", {"expires_at": seconds})

    def recover_state(self, account_id: int) -> None:
        self.transport.write("POST", f"{_ADMIN}/accounts/{account_id}/recover-state")

    # --- access (docs/host-api.md#keys-and-users)

    def user_with_email(self, email: str) -> Json | None:
        rows = self._pages(f"{_ADMIN}/users", {"search": email})
        return next((row for row in rows if str(row.get("email", "")).lower() == email.lower()), None)

    def key_of_anyone(self, value: str) -> Json | None:
        """The row of a gateway key. The host is asked for a few characters of it only: addresses end in logs."""
        part = value[len(value) // 2 :][:_PART_OF_KEY]
        users = self._pages(f"{_ADMIN}/users", {"search": part})
        keys = (key for user in users for key in self.user_keys(int(user["id"])))
        return next((key for key in keys if key.get("key") == value), None)

    def users_matching(self, text: str, most: int) -> list[Json]:
        """Users whose e-mail or name contains ``text``. The host's search looks at API keys and notes, too."""
        wanted = text.strip().lower()
        rows = self._pages(f"{_ADMIN}/users", {"search": wanted} if wanted else {})
        matching = (row for row in rows if any(wanted in str(row.get(n) or "").lower() for n in ("email", "username")))
        return list(islice(matching, most))

    def user(self, user_id: int) -> Json | None:
        try:
            return cast(Json, self.transport.get(f"{_ADMIN}/users/{user_id}"))
        except HostRejected as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    def ensure_user(self, email: str, password: str, concurrency: int) -> Json:
        existing = self.user_with_email(email)
        if existing is not None:
            return existing
        body = {
            "email": email,
            "password": password,
            "username": "batch-import",
            "notes": "Batch Auto-Import probe user",
            "balance": 0,
            "concurrency": concurrency,
            "allowed_groups": [],
        }
        return self._create("users", body, "EMAIL_EXISTS", lambda: self.user_with_email(email))[0]

    def _create(self, kind: str, body: Json, exists: str, find: Callable[[], Json | None]) -> tuple[Json, bool]:
        """What was made, and that it was made now; or what the host had already, by its reason or a lost answer."""
        try:
            return cast(Json, self.transport.write("POST", f"{_ADMIN}/{kind}", body)), True
        except HostError as error:
            again = find() if may_exist(error, exists) else None
            if again is None:
                raise
            return again, False

    def set_balance(self, user_id: int, amount: float) -> None:
        body = {"balance": amount, "operation": "set", "notes": "Batch Auto-Import probes"}
        self.transport.write("POST", f"{_ADMIN}/users/{user_id}/balance", body)

    def login(self, email: str, password: str) -> str:
        answer = self.transport.write("POST", "/api/v1/auth/login", {"email": email, "password": password})
        return str(answer["access_token"])

    def create_key(self, jwt: str, name: str, custom_key: str) -> Json:
        body = {"name": name, "custom_key": custom_key}
        return cast(Json, self.transport.write("POST", "/api/v1/keys", body, bearer=jwt))

    def user_keys(self, user_id: int) -> Iterator[Json]:
        return self._pages(f"{_ADMIN}/users/{user_id}/api-keys", {})

    def rebind_key(self, key_id: int, group_id: int) -> None:
        """Works at once; 0 unbinds. Binding to an exclusive group grants access to it.

        See docs/host-api.md#binding-keys.
        """
        self.transport.write("PUT", f"{_ADMIN}/api-keys/{key_id}", {"group_id": group_id})

    def run_mode(self, jwt: str) -> str:
        """``standard`` or ``simple`` (docs/host-api.md#version-and-run-mode); any user's token will do."""
        return str((self.transport.get("/api/v1/auth/me", bearer=jwt) or {}).get("run_mode") or "standard")

    def assign_subscription(self, user_id: int, group_id: int, days: int, notes: str) -> None:
        """Assigning the same again is a success; an existing one of another term or with other notes stays as it is.

        See docs/host-api.md#subscriptions.
        """
        body = {"user_id": user_id, "group_id": group_id, "validity_days": days, "notes": notes}
        try:
            self.transport.write("POST", f"{_ADMIN}/subscriptions/assign", body)
        except HostRejected as error:
            if error.reason != "SUBSCRIPTION_ASSIGN_CONFLICT":
                raise

    def subscriptions_of_group(self, group_id: int) -> Iterator[Json]:
        """Those that are valid, with the notes that they were given."""
        rows = self._pages(f"{_ADMIN}/groups/{group_id}/subscriptions", {})
        return (row for row in rows if row.get("status") == "active" and not row.get("revoked_at"))

    def revoke_subscription(self, subscription_id: int) -> None:
        self._delete(f"{_ADMIN}/subscriptions/{subscription_id}")

    # --- what happened (docs/host-api.md#who-served)

    def usage_of_request(self, request_id: str) -> Json | None:
        """Filtered by the host since 0.1.166; before, the newest rows are looked through."""
        rows = self.transport.get(f"{_ADMIN}/usage", {"request_id": request_id, "page_size": 50}).get("items") or []
        return next((row for row in rows if row.get("request_id") == request_id), None)

    def usage(self, **filters: int) -> Iterator[Json]:
        """Newest first; filters ``account_id``, ``group_id``, ``user_id``."""
        return self._pages(f"{_ADMIN}/usage", filters, size=_FEW)

    def newest_usage(self, key_id: int) -> Json | None:
        rows = self.transport.get(f"{_ADMIN}/usage", {"api_key_id": key_id, "page_size": 1}).get("items") or []
        return cast(Json, rows[0]) if rows else None

    def error_of_request(self, request_id: str) -> Json | None:
        """``request_id`` is the ``X-Request-ID`` that we sent; the list filters by text only."""
        query = {"q": request_id, "view": "all", "page_size": 20}
        rows = self.transport.get(f"{_ADMIN}/ops/errors", query).get("items") or []
        return next((row for row in rows if row.get("request_id") == request_id), None)

    def _pages(self, path: str, query: Mapping[str, Any], size: int = _PAGE) -> Iterator[Json]:
        page, pages = 1, 1
        while page <= pages:
            data = self.transport.get(path, {**query, "page": page, "page_size": size}) or {}
            yield from cast(Sequence[Json], data.get("items") or [])
            page, pages = page + 1, int(data.get("pages") or 1)


def may_exist(error: HostError, reason: str) -> bool:
    """After a failed creation: is the thing there, by the host's own word or possibly by a lost answer?"""
    return error.reason == reason or isinstance(error, HostUncertain)
