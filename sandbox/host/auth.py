"""Authentication on the admin and user API, the compliance gate, and the host's version and key.

See docs/host-api.md#authentication-and-envelopes.
"""

import secrets
from typing import Any

from sandbox.host import shapes
from sandbox.host.clock import text
from sandbox.host.errors import Refusal
from sandbox.host.limits import Window
from sandbox.host.state import Host, first, hidden
from sandbox.host.templates import Row
from sandbox.http import Answer, Call, Routes

ROUTES: Routes[Host] = Routes()
ADMIN, USER = "/api/v1/admin/", "/api/v1/"
OPEN = frozenset({"/api/v1/auth/login", "/health"})
PHRASE_ZH = "我已阅读、理解并同意 Sub2API 部署与运营合规承诺"
PHRASE_EN = "I have read, understood, and agree to the Sub2API Deployment and Operation Compliance Commitment"
_PAPER = "docs/legal/admin-compliance"
_URL = f"https://github.com/Wei-Shaw/sub2api/blob/main/{_PAPER}"
DOCUMENTS: dict[str, str] = {
    "version": "v2026.06.10",
    "document_path_zh": f"{_PAPER}.zh.md",
    "document_path_en": f"{_PAPER}.en.md",
    "document_url_zh": f"{_URL}.zh.md",
    "document_url_en": f"{_URL}.en.md",
}


def success(data: Any = None) -> Answer:
    """The success envelope; `data` is absent when there is none."""
    body: Row = {"code": 0, "message": "success"}
    return Answer(200, body if data is None else {**body, "data": data})


def message(text: str) -> Answer:
    return success({"message": text})


def authenticate(host: Host, call: Call) -> None:
    """Sets `call.actor`, or raises Refusal; gateway paths have their own check (`gate`)."""
    if not call.path.startswith(USER) or call.path in OPEN:
        return
    if call.path.startswith(ADMIN):
        call.actor = admin_of(host, call)
        _gate(host, call)
    else:
        call.actor = user_of(host, call)
        _limit(host, call)


def admin_of(host: Host, call: Call) -> int:
    """The admin's user id; the admin key is user 1's, and a wrong key is refused even beside a valid token."""
    key = call.headers.get("x-api-key")
    if key is not None:
        if not secrets.compare_digest(key.encode(), host.admin_key.encode()):
            raise Refusal.middleware(401, "INVALID_ADMIN_KEY", "Invalid admin API key")
        return 1
    if not call.bearer():
        raise Refusal.middleware(401, "UNAUTHORIZED", "Authorization required")
    user = user_of(host, call)
    if host.users[user]["role"] != "admin":
        raise Refusal.middleware(403, "FORBIDDEN", "Admin access required")
    return user


def user_of(host: Host, call: Call) -> int:
    if not call.headers.get("Authorization"):
        raise Refusal.middleware(401, "UNAUTHORIZED", "Authorization header is required")
    user = host.users.get(host.tokens.get(call.bearer(), 0))
    if user is None:
        raise Refusal.middleware(401, "INVALID_TOKEN", "Invalid token")
    if user["status"] != "active":
        raise Refusal.middleware(401, "USER_INACTIVE", "User account is not active")
    user["last_active_at"] = host.now()
    return int(user["id"])


def _gate(host: Host, call: Call) -> None:
    """423 on the admin API, except `compliance`, until an operator has accepted the statement (newer hosts only)."""
    if (
        host.old
        or host.compliance
        or not host.options.compliance_required
        or call.path.startswith(ADMIN + "compliance")
    ):
        return
    body = {
        "code": "ADMIN_COMPLIANCE_ACK_REQUIRED",
        "message": "administrator compliance acknowledgement is required",
        "metadata": DOCUMENTS,
    }
    raise Refusal(423, body)


def _limit(host: Host, call: Call) -> None:
    """A user's own token has 240 calls a minute; admins are exempt (docs/host-api.md#user-call-limit)."""
    limit = 0 if host.old else host.options.user_calls_per_minute
    if limit and host.users[call.actor]["role"] != "admin" and not window(host, f"user {call.actor}").pass_(limit):
        text = "Too many requests, please slow down and try again later"
        raise Refusal.middleware(429, "RATE_LIMITED", text, Retry_After="58")


def window(host: Host, name: str) -> Window:
    return host.windows.setdefault(name, Window(host.clock))


@ROUTES.on("GET", "/health")
def health(host: Host, call: Call) -> Answer:
    """GET /health."""
    return Answer(200, {"status": "ok"})


@ROUTES.on("POST", "/api/v1/auth/login")
def login(host: Host, call: Call) -> Answer:
    """POST /api/v1/auth/login: opaque tokens; the 20-a-minute limit is an option."""
    limit = host.options.login_calls_per_minute
    if limit and not window(host, "login").pass_(limit):
        body = {"error": "rate limit exceeded", "message": "Too many requests, please try again later"}
        raise Refusal(429, body, {} if host.old else {"Retry-After": "59"})
    body = call.body
    user = first(host.users.values(), lambda row: row["email"].lower() == str(body.get("email", "")).lower())
    if user is None or user["_password"] != hidden(str(body.get("password", ""))):
        raise Refusal.envelope(401, "invalid email or password", "INVALID_CREDENTIALS")
    if user["status"] != "active":
        raise Refusal.envelope(403, "user is not active", "USER_NOT_ACTIVE")
    tokens = {"access_token": host.new_token(user["id"]), "refresh_token": "rt_" + secrets.token_hex(16)}
    return success({**tokens, "expires_in": 86400, "token_type": "Bearer", "user": shapes.user(host, user)})


@ROUTES.on("GET", "/api/v1/auth/me")
def me(host: Host, call: Call) -> Answer:
    """GET /api/v1/auth/me: the user's fields and the host's run mode."""
    user = host.users[call.actor]
    return success({**shapes.user(host, user), **_identities(user), "run_mode": host.options.run_mode})


def _identities(user: Row) -> Row:
    note = {"note_key": "profile.authBindings.notes.emailManagedFromProfile", "can_bind": False, "can_unbind": False}
    name, _, domain = user["email"].partition("@")
    email = {
        "provider": "email", "bound": True, "bound_count": 1, "display_name": user["email"], "provider_key": "email",
        "subject_hint": f"{name[:1]}***{name[-1:]}@{domain}", "verified_at": text(user["created_at"]), **note,
        "note": "Primary account email is managed from the profile form.",
    }  # fmt: skip
    others = ("linuxdo", "oidc", "wechat", "dingtalk")
    bindings = {"email": email, **{provider: _unbound(provider) for provider in others}}
    bound = {f"{provider}_bound": binding["bound"] for provider, binding in bindings.items()}
    return {"identities": bindings, "auth_bindings": bindings, "identity_bindings": bindings, **bound}


def _unbound(provider: str) -> Row:
    start = f"/api/v1/auth/oauth/{provider}/bind/start?intent=bind_current_user&redirect=%2Fsettings%2Fprofile"
    common = {"provider": provider, "bound": False, "bound_count": 0, "bind_start_path": start}
    return {**common, "can_bind": True, "can_unbind": False}


@ROUTES.on("GET", "/api/v1/admin/compliance")
def compliance(host: Host, call: Call) -> Answer:
    """GET /api/v1/admin/compliance; older hosts have no such route."""
    if host.old:
        raise unknown_route()
    accepted = host.compliance
    required = host.options.compliance_required and accepted is None
    state: Row = {"required": required, **DOCUMENTS, "ack_phrase_zh": PHRASE_ZH, "ack_phrase_en": PHRASE_EN}
    return success({**state, **({"acknowledgement": accepted} if accepted else {})})


@ROUTES.on("POST", "/api/v1/admin/compliance/accept")
def accept(host: Host, call: Call) -> Answer:
    """POST /api/v1/admin/compliance/accept {"phrase","language"}."""
    if host.old:
        raise unknown_route()
    if call.body.get("phrase") not in (PHRASE_ZH, PHRASE_EN):
        text_ = "compliance acknowledgement phrase does not match"
        raise Refusal.envelope(400, text_, "ADMIN_COMPLIANCE_INVALID_PHRASE")
    paper = {"version": DOCUMENTS["version"], "document_zh": f"{_PAPER}.zh.md", "document_en": f"{_PAPER}.en.md"}
    caller = {"ip_address": call.peer, "user_agent": call.headers.get("User-Agent", "")}
    host.compliance = {**paper, "admin_user_id": call.actor, **caller, "accepted_at": text(host.now())}
    return compliance(host, call)


def unknown_route() -> Refusal:
    return Refusal(404, "404 page not found")


@ROUTES.on("GET", "/api/v1/admin/system/version")
def version(host: Host, call: Call) -> Answer:
    """GET /api/v1/admin/system/version."""
    return success({"version": host.options.host_version})


@ROUTES.on("GET", "/api/v1/admin/settings/admin-api-key")
def admin_key(host: Host, call: Call) -> Answer:
    """GET /api/v1/admin/settings/admin-api-key: masked."""
    return success({"exists": True, "masked_key": f"{host.admin_key[:10]}...{host.admin_key[-4:]}"})


@ROUTES.on("POST", "/api/v1/admin/settings/admin-api-key/regenerate")
def regenerate(host: Host, call: Call) -> Answer:
    """POST /api/v1/admin/settings/admin-api-key/regenerate: the former key is invalid at once."""
    host.admin_key = "admin-" + secrets.token_hex(32)
    return success({"key": host.admin_key})
