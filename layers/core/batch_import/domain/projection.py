"""ResultProjection: stored rows become what API and page show, here and nowhere else (docs/design.md#4-state)."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from batch_import.domain import contract as api
from batch_import.domain.advisories import Advisory, Text, text_of
from batch_import.domain.clock import iso
from batch_import.domain.entities import Cause, Counters, Event, Item, ItemProfile, Run
from batch_import.domain.event_texts import event_text
from batch_import.domain.evidence import Question, Seen, text_of_observation
from batch_import.domain.finding import ComparedModel, Finding
from batch_import.domain.outcomes import outcome
from batch_import.domain.provider import shown_fingerprint
from batch_import.domain.shortening import MOST_OBSERVATIONS, first_names, first_texts
from batch_import.domain.types import (
    AccessStatus,
    AccountResolution,
    ConfirmationStatus,
    ItemStage,
    MatchedAccountState,
    Role,
    RunState,
)
from batch_import.domain.undo_results import UNDO_TEXTS, UndoOutcome, UndoReason
from batch_import.domain.urls import shown_base_url

EVENTS_SHOWN = 200
_CHILDREN_SHOWN = 20
_MODELS_SHOWN = 20  # of a plan; the item's profile has all

_RUN = {
    RunState.RUNNING: ("running", "blue"),
    RunState.COMPLETED: ("completed", "green"),
    RunState.COMPLETED_WITH_WARNINGS: ("warning", "yellow"),
    RunState.FAILED: ("failed", "red"),
    RunState.CANCELLED: ("cancelled", "gray"),
}
_CONFIRMATION = {
    ConfirmationStatus.PENDING: ("pending", "blue"),
    ConfirmationStatus.CONFIRMED: ("confirmed", "green"),
    ConfirmationStatus.ADVISORY: ("advisory", "yellow"),
    ConfirmationStatus.FAILED: ("failed", "red"),
}
_ACCESS = {
    AccessStatus.UNKNOWN: ("unknown", "gray"),
    AccessStatus.ACTIVE: ("active", "green"),
    AccessStatus.DEGRADED: ("degraded", "yellow"),
    AccessStatus.BROKEN: ("broken", "red"),
}
_MATCHED = {
    MatchedAccountState.ACTIVE: (Text("已启用", "active"), "green"),
    MatchedAccountState.DISABLED: (Text("已停用", "disabled"), "gray"),
    MatchedAccountState.DEPRECATED: (Text("已弃用", "deprecated"), "yellow"),
    MatchedAccountState.BROKEN: (Text("已损坏", "broken"), "red"),
}
_RESOLUTION = {
    AccountResolution.CREATED: (Text("新建", "created"), "blue"),
    AccountResolution.REUSED: (Text("复用", "reused"), "cyan"),
    AccountResolution.REACTIVATED: (Text("已快速启用", "reactivated"), "green"),
    AccountResolution.REPLACED: (Text("已替换", "replaced"), "red"),
}
_WARNED = Text(
    "该批次包含 {count} 条 advisory item，建议检查 capability profile 与 retry 轨迹",
    "Advisories on {count} of this run's items: look at what their relays can do, and at their retries",
)


_LEFT_OUT = Text(
    "该批次来自 {run_id}，其中 {count} 条因密钥已清除而未包含",
    "This run comes from {run_id}; {count} of its items were left out: their keys had been erased",
)


class ResultProjection:
    """Renders in one language, ``zh`` (the default) or ``en``."""

    def __init__(self, language: str = "zh") -> None:
        self.language = language

    def created(self, run: Run, counters: Counters) -> api.RunCreated:
        return api.RunCreated(
            run_id=run.run_id,
            state=run.state,
            result_page=f"/batch-import/runs/{run.run_id}",
            total_items=run.total_items,
            **counters.model_dump(exclude={"completed_items"}),
        )

    def retried(self, run: Run, counters: Counters) -> api.RunRetried:
        told = {"retry_of": run.retry_of, "left_out_items": run.left_out_items}
        return api.RunRetried.model_validate({**self.created(run, counters).model_dump(), **told})

    def applied(self, run: Run, counters: Counters) -> api.RunApplied:
        told = {"plan_of": run.plan_of, "left_out_items": run.left_out_items}
        return api.RunApplied.model_validate({**self.created(run, counters).model_dump(), **told})

    def run(self, run: Run, counters: Counters, *, whole: bool = False) -> api.RunSummary:
        """``whole`` shows all users and groups, of whom a list has the first ones only."""
        shown = list if whole else first_names
        return api.RunSummary(
            run_id=run.run_id,
            state=run.state,
            mode=run.mode,
            access_mode=run.access_mode,
            platform=run.platform,
            label=run.label,
            source=run.source,
            created_by=Role(run.created_by),
            retry_of=run.retry_of,
            subscription_users=shown(run.subscription_users),
            subscription_user_count=len(run.subscription_users),
            join_groups=shown(run.join_groups),
            join_group_count=len(run.join_groups),
            max_multiplier=run.billing_limits.max_multiplier,
            min_balance=run.billing_limits.min_balance,
            rate_from_relay=run.rate_from_relay,
            priority_from_speed=run.priority_from_speed,
            host_billing_probe=run.host_billing_probe,
            total_items=run.total_items,
            started_at=run.started_at,
            finished_at=run.finished_at,
            dry_run=run.dry_run,
            plan_of=run.plan_of,
            undo_asked_at=run.undo_asked_at,
            undone_at=run.undone_at,
            badges={"state": _badge(*_RUN[run.state])},
            **counters.model_dump(),
        )

    def run_detail(self, run: Run, counters: Counters) -> api.RunDetail:
        warnings = [text_of(Advisory(w["code"], w.get("params", {})), self.language) for w in run.warnings]
        if counters.warning_items:
            warnings.insert(0, self._worded(_WARNED, count=counters.warning_items))
        if run.left_out_items:
            warnings.append(self._worded(_LEFT_OUT, run_id=run.retry_of or run.plan_of, count=run.left_out_items))
        return api.RunDetail(
            run=self.run(run, counters, whole=True),
            recent_warnings=warnings,
            causes=[self._cause(cause) for cause in counters.causes],
            child_runs=list(run.child_runs[-_CHILDREN_SHOWN:]),
        )

    def model(self, compared: ComparedModel) -> api.ModelView:
        fields = compared._asdict()
        return api.ModelView(last_seen_at=_moment(fields.pop("seen_at")), **fields)

    def relay(self, finding: Finding, model: str, *, with_address: bool) -> api.ComparedRelay:
        """``finding`` as it bears on ``model``: what was measured is of the test model alone."""
        fields, tested = finding._asdict(), finding.tested == model
        measured = ("first_token_ms", "tokens_per_second", "latency_ms", "identity", "passthrough")
        shown = {
            name: fields[name] for name in ("relay", "platform", "account_id", "access_status", "run_id", "item_id")
        }
        return api.ComparedRelay.model_validate(
            {
                **shown,
                **{
                    name: fields[name]
                    for name in ("multiplier", "peak_multiplier", "balance", "currency", "expires_at")
                },
                **{name: fields[name] if tested else None for name in measured},
                "base_url": shown_base_url(finding.base_url) if with_address else None,
                "provider_id": finding.provider_id if with_address else None,
                "last_error_code": finding.code,
                "tested": tested,
                "proved_at": _moment(finding.proved_at),
                "last_seen_at": _moment(finding.seen_at),
                "badges": {"access_status": _badge(*_ACCESS[AccessStatus(finding.access_status)])},
            }
        )

    def _cause(self, cause: Cause) -> api.CauseView:
        known = outcome(cause.code)
        return api.CauseView(reason=known.reason(self.language), to_do=known.to_do(self.language), **cause.model_dump())

    def item(self, item: Item, profile: ItemProfile) -> api.ItemSummary:
        fields = self._item_fields(item, profile)
        shortened = {name: first_names(fields[name]) for name in ("requested_models", "canonical_model_families")}
        told = {"advisory_messages": first_texts(fields["advisory_messages"]), "evidence": _first(fields["evidence"])}
        return api.ItemSummary(**{**fields, **shortened, **told})

    def item_detail(
        self, item: Item, profile: ItemProfile, events: Iterable[Event], panel: api.PanelLinks | None
    ) -> api.ItemDetail:
        shown = sorted(events, key=lambda event: event.created_at)[:EVENTS_SHOWN]
        capability = profile.capability_profile
        return api.ItemDetail(
            **self._item_fields(item, profile),
            raw_models=list(profile.raw_models),
            normalized_models=list(profile.normalized_models),
            recommended_models=list(profile.recommended_models),
            reused_from_provider_id=item.reused_from_provider_id if item.provision_reused else None,
            reused_from_account_id=item.reused_from_account_id if item.provision_reused else None,
            channel_id=item.channel_id,
            group_id=item.group_id,
            panel=panel,
            capability_profile=api.CapabilityProfileView.model_validate(capability) if capability else None,
            events=[self._event(event) for event in shown],
        )

    def _item_fields(self, item: Item, profile: ItemProfile) -> dict[str, Any]:
        return {
            "item_id": item.item_id,
            "base_url": shown_base_url(item.base_url),
            "provider_id": item.provider_id,
            "api_key_fingerprint": shown_fingerprint(item.key_digest),
            "label": item.label,
            "requested_models": list(item.requested_models),
            "requested_model_count": len(item.requested_models),
            "canonical_model_families": list(profile.canonical_model_families),
            "canonical_model_family_count": len(profile.canonical_model_families),
            "resolved_smoke_model": item.resolved_smoke_model,
            "current_stage": item.current_stage,
            "confirmation_status": item.confirmation_status,
            "access_status": item.shown_access,
            "matched_account_state": item.matched_account_state,
            "account_resolution": item.account_resolution,
            "provision_reused": item.provision_reused,
            "retry_count": item.retry_count,
            "last_retry_at": item.last_retry_at,
            "advisory_messages": [text_of(advisory, self.language) for advisory in item.advisory_list],
            "advisory_count": len(item.advisories),
            "last_error_stage": item.last_error_stage,
            "last_error": item.last_error,
            "last_error_code": item.last_error_code,
            "reason": outcome(item.last_error_code).reason(self.language) if item.last_error_code else None,
            "advice": self._advice(item) if item.current_stage is ItemStage.DONE else None,
            "next_attempt_at": item.due_at if item.current_stage is not ItemStage.DONE else None,
            "account_id": item.account_id,
            "platform": item.platform,
            "latency_ms": item.latency_ms,
            "served_model": item.served_model,
            "billing": profile.billing.model_dump() if profile.billing else None,
            "speed": profile.speed_of(item.resolved_smoke_model),
            "evidence": self._evidence(profile),
            "plan": _plan(item, profile),
            "undo_result": self._undo_result(item),
            "position": item.position + 1,
            "updated_at": item.updated_at,
            "badges": self._item_badges(item),
        }

    def _advice(self, item: Item) -> str | None:
        """What to do about an item that has ended; there is nothing to do while the service itself goes on."""
        if item.last_error_code is None or item.access_status is AccessStatus.ACTIVE:
            return None
        return outcome(item.last_error_code).advice(self.language)

    def _event(self, event: Event) -> api.EventView:
        text = event_text(event.event_type, json.loads(event.payload_json), self.language)
        return api.EventView(**event.model_dump(), text=text)

    def _evidence(self, profile: ItemProfile) -> api.EvidenceView | None:
        if profile.evidence is None:
            return None
        return api.EvidenceView.model_validate({q: self._answered(profile.evidence[q]) for q in Question})

    def _answered(self, stored: dict[str, Any]) -> dict[str, Any]:
        told = [
            {**it, "text": text_of_observation(Seen(it["code"]), it["params"], self.language)}
            for it in stored["observations"]
        ]
        return {"value": stored["value"], "observations": told}

    def _undo_result(self, item: Item) -> api.UndoView | None:
        if item.undo_result is None:
            return None
        outcome, reason = UndoOutcome(item.undo_result["outcome"]), item.undo_result["reason"]
        text = UNDO_TEXTS[outcome if reason is None else UndoReason(reason)]
        return api.UndoView(outcome=outcome, reason=reason, message=self._worded(text))

    def _item_badges(self, item: Item) -> dict[str, api.Badge]:
        badges = {
            "confirmation_status": _badge(*_CONFIRMATION[item.confirmation_status]),
            "access_status": _badge(*_ACCESS[item.shown_access]),
        }
        if item.provision_reused:
            badges["provision_reused"] = _badge("reused", "cyan")
        if item.matched_account_state is not None:
            badges["matched_account_state"] = self._labelled(*_MATCHED[item.matched_account_state])
        if item.account_resolution is not None:
            badges["account_resolution"] = self._labelled(*_RESOLUTION[item.account_resolution])
        return badges

    def _worded(self, text: Text, **values: Any) -> str:
        return str(getattr(text, self.language)).format(**values)

    def _labelled(self, text: Text, color: str) -> api.Badge:
        return _badge(text.zh if self.language == "zh" else f"{text.zh} {text.en}", color)


def _moment(milliseconds: int) -> str:
    return iso(datetime.fromtimestamp(milliseconds / 1000, UTC))


def _badge(text: str, color: str) -> api.Badge:
    return api.Badge.model_validate({"text": text, "color": color})


def _first(evidence: api.EvidenceView | None) -> api.EvidenceView | None:
    """With the observations that a list shows: the first three of each question."""
    if evidence is None:
        return None
    answers = {
        question: answer.model_copy(update={"observations": answer.observations[:MOST_OBSERVATIONS]})
        for question, answer in evidence
    }
    return evidence.model_copy(update=answers)


def _plan(item: Item, profile: ItemProfile) -> api.PlanView | None:
    plan, models = item.planned, sorted(profile.model_mapping)
    if plan is None:
        return None
    return api.PlanView(
        resolution=plan.resolution,
        matched_account_state=plan.matched,
        platform=plan.platform,
        account_id=plan.account_id,
        group=plan.group,
        models=models[:_MODELS_SHOWN],
        models_total=len(models),
        new_models=list(plan.new_models),
    )
