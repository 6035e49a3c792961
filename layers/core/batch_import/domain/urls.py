"""One canonical form for every spelling of a relay's base URL.

See docs/design.md#21-probe, docs/host-api.md#joining-addresses.
"""

import ipaddress
import re
from urllib.parse import unquote, urlsplit

import idna

from batch_import.domain.errors import InvalidRequest

MAX_LENGTH = 2048
GEMINI_VERSION = "/v1beta"
_DEFAULT_PORTS = {"http": 80, "https": 443}
# Paths of calls, which people paste with the root.
ENDPOINT = re.compile(
    r"(?:(?<=/v1)/chat|(?:/(?:chat/completions|completions|complete|responses|messages|models|embeddings|images/generations|audio/speech|rerank))+)$",
    re.IGNORECASE,
)
_VERSION = re.compile(r"/v\d[^/]*$", re.IGNORECASE)
_REPEATED_VERSION = re.compile(r"(/v\d[^/]*)\1+$", re.IGNORECASE)
_VERSION_INSIDE = re.compile(r"/v\d+(?:\.\d+)?(?:(?:alpha|beta)\d*)?/", re.IGNORECASE)
_BAD_HOST = "base_url has an invalid host name", "base_url 的主机名无效"
# A part of a path that is a key: some relays take it there. Letters and at least four digits, or a key's beginning.
_KEY_IN_PATH = re.compile(
    r"(?<=/)(?:(?:sk|pk|rk|ak)-[^/]{8,}|(?=(?:[^/\d]*\d){4})(?=[^/]*[A-Za-z])[^/.]{20,})(?=/|$)", re.IGNORECASE
)
_FORBIDDEN = re.compile(r"[\s\x00-\x1f\x7f\\]")


def canonical_base_url(given: str) -> str:
    """The API root that ``given`` means, for example ``https://h/v1``.

    It ends in a version segment; only a path with a version inside (``/v1beta/openai``) is kept as it is. Accepts a
    missing scheme (https), ``/v1``, ``/v1/``, ``/v1/v1``, a full endpoint path, upper case, default ports and IDN.
    Query and fragment are dropped. Raises ``InvalidRequest`` with a sentence that never repeats credentials.
    """
    text = given.strip()
    if not text or len(text) > MAX_LENGTH:
        raise InvalidRequest(
            f"base_url must have 1 to {MAX_LENGTH} characters", f"base_url 须为 1 至 {MAX_LENGTH} 个字符"
        )
    if _FORBIDDEN.search(text):
        raise InvalidRequest(
            "base_url must not contain spaces, backslashes or control characters",
            "base_url 不能包含空格、反斜杠或控制字符",
        )
    if "://" not in text:
        text = f"https://{text}"
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise InvalidRequest("base_url is not a valid URL", "base_url 不是有效的 URL") from None
    scheme = parts.scheme.lower()
    if scheme not in _DEFAULT_PORTS:
        raise InvalidRequest("base_url must start with http:// or https://", "base_url 须以 http:// 或 https:// 开头")
    if parts.username is not None or parts.password is not None:
        raise InvalidRequest("base_url must not contain credentials", "base_url 不能包含凭据")
    return f"{scheme}://{_authority(parts.hostname, scheme, port)}{_api_path(parts.path)}"


def shown_base_url(base_url: str) -> str:
    """``base_url`` as people see it: a part of its path that looks like a key is ``***``."""
    start = len(origin_of(base_url))
    return base_url[:start] + _KEY_IN_PATH.sub("***", base_url[start:])


def model_list_roots(base_url: str) -> tuple[str, ...]:
    """API roots where a model list may be found, likeliest first; the first that answers becomes the relay's root."""
    version = _VERSION.search(base_url)
    if version is None:
        return (base_url,)
    bare = base_url[: version.start()]
    if version.group() == GEMINI_VERSION:
        return (f"{base_url}/openai", base_url)  # where Google and its like speak chat completions
    roots = [base_url, f"{base_url}{version.group()}", bare]
    if urlsplit(bare).path.strip("/"):
        roots.append(f"{bare.rpartition('/')[0]}/v1")  # https://h/api was pasted, the panel's path beside the relay's
    return tuple(roots)


def base_for_host(api_root: str, endpoint: str) -> str:
    """The base URL from which the host reaches ``{api_root}/{endpoint}``.

    The host adds ``/v1`` to a base without a version at its end, unless the base ends in the endpoint itself
    (docs/host-api.md#joining-addresses).
    """
    return api_root if host_can_join(api_root) else f"{api_root}/{endpoint}"


def host_can_join(api_root: str) -> bool:
    """Whether the host calls ``{api_root}/chat/completions``: it does where the root ends in a version (``/v4``).

    To every other root it appends ``/v1`` (docs/host-api.md#joining-addresses).
    """
    return _VERSION.search(urlsplit(api_root).path) is not None


def without_version(api_root: str) -> str:
    """The base URL to which the host itself adds ``/v1/messages`` or ``/v1beta/models``.

    One with a version would have two (docs/host-api.md#base-url-per-platform).
    """
    return _VERSION.sub("", api_root)


def origin_of(base_url: str) -> str:
    """Scheme, host and port: what a circuit is kept for (docs/design.md#21-probe)."""
    parts = urlsplit(base_url)
    return f"{parts.scheme}://{parts.netloc}"


def _authority(hostname: str | None, scheme: str, port: int | None) -> str:
    host = _ascii_host(hostname or "")
    host = f"[{host}]" if ":" in host else host
    return host if port in (None, _DEFAULT_PORTS[scheme]) else f"{host}:{port}"


def _ascii_host(hostname: str) -> str:
    name = unquote(hostname).rstrip(".").lower()
    if not name:
        raise InvalidRequest("base_url has no host name", "base_url 缺少主机名")
    if ":" in hostname:
        return _ipv6(hostname)
    if name.isascii():
        if not re.fullmatch(r"[a-z0-9._-]+", name):
            raise InvalidRequest(*_BAD_HOST)
        return name
    try:
        return _ascii_host(idna.encode(name, uts46=True).decode("ascii"))  # other full stops have become dots
    except idna.IDNAError:
        raise InvalidRequest(*_BAD_HOST) from None


def _ipv6(text: str) -> str:
    try:
        return ipaddress.IPv6Address(text).compressed
    except ValueError:
        raise InvalidRequest(*_BAD_HOST) from None


def _api_path(path: str) -> str:
    root = ENDPOINT.sub("", re.sub(r"/{2,}", "/", path).rstrip("/"))
    root = _REPEATED_VERSION.sub(r"\1", root)
    version = _VERSION.search(root)
    if version is None:
        return root if _VERSION_INSIDE.search(root) else f"{root}/v1"
    return root[: version.start()] + version.group().lower()
