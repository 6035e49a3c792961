"""Links to the host's own panel."""

from urllib.parse import urlsplit, urlunsplit

from batch_import.domain.contract import PanelLinks


def panel_links(address: str) -> PanelLinks | None:
    """The panel's lists under ``address``, or ``None`` where that is no web address. Credentials in it are left out."""
    parts = urlsplit(address.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return None
    root = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path.rstrip("/"), "", ""))
    return PanelLinks(
        accounts=f"{root}/admin/accounts", groups=f"{root}/admin/groups", channels=f"{root}/admin/channels"
    )
