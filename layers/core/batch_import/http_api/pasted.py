"""A pasted text as the list of a run, and what the host already holds of it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from batch_import.domain import contract as api
from batch_import.domain.account import ExistingAccount, account_state
from batch_import.domain.errors import InvalidRequest
from batch_import.domain.provider import key_digest, normalize_provider_id
from batch_import.domain.types import Platform
from batch_import.host.accounts import existing_account
from batch_import.intake import ChosenItem, Note, ParsedRow, choose, parse
from batch_import.intake.shown import HostFinding


def with_items(request: api.CreateRunRequest) -> api.CreateRunRequest:
    """The request with its text read into items; raises ``InvalidRequest`` with the row that needs a decision."""
    decisions = [decision.model_dump(exclude_unset=True) for decision in request.rows]
    chosen = choose(parse(request.text or "", request.format), decisions)
    if not 1 <= len(chosen) <= api.MAX_ITEMS:
        raise InvalidRequest(
            f"text: it holds {len(chosen)} relays; a run takes 1 to {api.MAX_ITEMS:,}",
            f"text：其中有 {len(chosen)} 个上游，一个批次须为 1 至 {api.MAX_ITEMS:,} 个",
        )
    return request.model_copy(update={"items": [_item(one) for one in chosen], "text": None, "rows": []})


def _item(chosen: ChosenItem) -> api.ItemRequest:
    fields = {
        "base_url": chosen.base_url,
        "api_key": chosen.api_key,
        "requested_models": list(chosen.requested_models),
        "platform": chosen.platform,
        "legacy_provider_id": chosen.legacy_provider_id,
        "label": chosen.label,
    }
    try:
        return api.ItemRequest.model_validate(fields)
    except ValidationError as error:
        field = error.errors(include_input=False)[0]["loc"][0]
        raise InvalidRequest(
            f"rows: row {chosen.row}: {field} cannot be used", f"rows：第 {chosen.row} 行的 {field} 不可用"
        ) from None


class HostAccounts:
    """The host's accounts, to be looked up by address and key. ``rows`` are those of its account list."""

    def __init__(self, rows: Iterable[Mapping[str, Any]], now: datetime) -> None:
        self._now = now
        self._held: dict[tuple[str, str], list[ExistingAccount]] = defaultdict(list)
        self._addresses: set[str] = set()
        for account in map(existing_account, rows):
            self._held[account.provider_id, account.digest].append(account)
            self._addresses |= {account.base_url, account.provider_id}

    def look_up(self, row: ParsedRow) -> HostFinding:
        """The account of this very pair; or the note that the host has its address with another key.

        An account that a person made cannot be matched by key: the host never shows keys.
        """
        provider_id = normalize_provider_id(row.base_url)
        held = self._held.get((provider_id, key_digest(row.api_key)), ())
        account = next((a for p in Platform for a in held if a.platform == p), None)
        if account is not None:
            return api.HeldByHost(account_id=account.account_id, state=account_state(account, self._now)), None
        same_address = not self._addresses.isdisjoint((row.base_url, provider_id))
        return None, Note.SAME_ADDRESS_NEW_KEY if same_address else None
