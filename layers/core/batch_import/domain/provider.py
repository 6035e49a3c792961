"""Who a relay is and which key is meant (docs/design.md#22-decide)."""

import hashlib
import re
from urllib.parse import urlsplit

from batch_import.domain.types import AccessMode, Platform

_NOISE = {"www", "api", "com", "cn", "net", "org", "io", "ai", "co", "dev", "app", "top", "xyz"}
_MAX_SLUG = 40


def normalize_provider_id(base_url: str) -> str:
    """Readable slug of the host name + 8 hex of a hash over the canonical base URL.

    Same host, other path: another id. Other spelling of the same URL: the same id (canonicalise first).
    """
    digest = hashlib.sha256(base_url.encode()).hexdigest()[:8]
    return f"{_slug(urlsplit(base_url).hostname or '')}-{digest}"


def key_digest(api_key: str) -> str:
    """Full SHA-256 of a key as 64 hex digits: kept inside for decisions, since eight digits collide."""
    return hashlib.sha256(api_key.encode()).hexdigest()


def shown_fingerprint(digest: str) -> str:
    """What people see: ``sha256:`` + 8 hex."""
    return f"sha256:{digest[:8]}"


def account_name(provider_id: str, digest: str, platform: Platform = Platform.OPENAI) -> str:
    """The host's list can be searched by name only, so the name carries provider and fingerprint.

    See docs/host-api.md#name-search.
    """
    return of_platform(f"{provider_id}#{digest[:12]}", platform)


def group_name(provider_id: str, mode: AccessMode, platform: Platform = Platform.OPENAI) -> str:
    """A provider's group is (provider, platform, access mode): once opened its type never changes.

    Its channel has the same name. See docs/design.md#23-provision.
    """
    return f"{of_platform(provider_id, platform)}-{'sub' if mode is AccessMode.SUBSCRIPTION else 'self'}"


def of_platform(name: str, platform: Platform) -> str:
    """Names of platform openai are as they were before there were others."""
    return name if platform is Platform.OPENAI else f"{name}-{platform}"


def _slug(host: str) -> str:
    labels = [re.sub(r"[^a-z0-9]+", "-", label).strip("-") for label in host.split(".")]
    if all(label.isdigit() for label in labels):
        return "-".join(labels)
    telling = [label for label in labels if label and label not in _NOISE] or [label for label in labels if label]
    return "-".join(telling)[:_MAX_SLUG].strip("-") or "relay"
