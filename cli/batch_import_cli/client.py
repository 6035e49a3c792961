"""The HTTP API as functions: one call each, answers as the JSON objects that came."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from types import TracebackType
from typing import Any
from urllib.parse import quote

import requests
from batch_import.domain.texts import in_address
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from batch_import_cli.errors import ApiError
from batch_import_cli.words import _

Answer = dict[str, Any]
Params = Mapping[str, str]

RUNS = "/api/batch-import/runs"
PARSE = "/api/batch-import/parse"
MODELS = "/api/batch-import/models"
QUARANTINE = "/api/batch-import/quarantine"
_PAGE = 100  # rows
_CONNECT_SECONDS, _READ_SECONDS = 10.0, 35.0
_MORE_TRIES = 2
_ERRNO = re.compile(r"\[Errno -?\d+\] ")
_PASSING = (502, 503, 504)
# Shorter "secrets" would also blank out ordinary words of an answer.
_SHORTEST_SECRET = 6


class _Bearer(requests.auth.AuthBase):
    """Explicit, because without it requests would let a ~/.netrc entry replace the header."""

    def __init__(self, token: str | None) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token is not None:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class ApiClient:
    """Repeats what may be repeated: reads, and the making of a run under its ``Idempotency-Key``."""

    def __init__(self, root: str, token: str | None, *, language: str, pace: float) -> None:
        self.root = root
        self._token = token
        self.server_date: str | None = None  # of the last answer
        self._headers = {"Accept": "application/json", "Accept-Language": language, "User-Agent": "batch-import"}
        self._repeating = self._session(Retry(**_retry_settings(pace)))
        self._single = self._session(Retry(0, redirect=False))

    def __enter__(self) -> "ApiClient":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._repeating.close()
        self._single.close()

    def _session(self, retry: Retry) -> requests.Session:
        session = requests.Session()
        session.auth = _Bearer(self._token)
        session.headers.update(self._headers)
        for scheme in ("http://", "https://"):
            session.mount(scheme, HTTPAdapter(max_retries=retry))
        return session

    def page_url(self, path: str) -> str:
        """The result page's full address; the API knows only its path below the stage."""
        return path if path.startswith(("http://", "https://")) else f"{self.root}/{path.lstrip('/')}"

    def create_run(self, body: Mapping[str, Any], idempotency_key: str, secrets: Iterable[str]) -> Answer:
        wait = float(body.get("confirm_timeout_ms") or 0) / 1000 if _is_number(body.get("confirm_timeout_ms")) else 0.0
        headers = {"Idempotency-Key": idempotency_key}
        return self._call(self._repeating, "POST", RUNS, json=body, headers=headers, wait=wait, secrets=secrets)

    def runs(self, params: Params, most: int | None = None) -> Iterator[Answer]:
        """Pages of runs, newest first; ``most`` rows of them, otherwise all."""
        return self._pages(RUNS, "runs", params, most)

    def run(self, run_id: str) -> Answer:
        return self._get(_run(run_id))

    def items(self, run_id: str, params: Params, most: int | None = None) -> Iterator[Answer]:
        """Pages of items: those that are not done first, then the failed ones, then the rest."""
        return self._pages(f"{_run(run_id)}/items", "items", params, most)

    def item(self, run_id: str, item_id: str) -> Answer:
        return self._get(f"{_run(run_id)}/items/{quote(item_id, safe='')}")

    def cancel(self, run_id: str) -> Answer:
        return self._call(self._single, "POST", f"{_run(run_id)}/cancel")

    def retry(self, run_id: str, idempotency_key: str, body: Mapping[str, Any], secrets: Iterable[str] = ()) -> Answer:
        return self._follow_up(run_id, "retry", idempotency_key, body, secrets)

    def apply(self, run_id: str, idempotency_key: str, body: Mapping[str, Any], secrets: Iterable[str] = ()) -> Answer:
        return self._follow_up(run_id, "apply", idempotency_key, body, secrets)

    def undo(self, run_id: str, idempotency_key: str) -> Answer:
        return self._follow_up(run_id, "undo", idempotency_key, {})

    def _follow_up(
        self, run_id: str, verb: str, idempotency_key: str, body: Mapping[str, Any], secrets: Iterable[str] = ()
    ) -> Answer:
        """A call under an idempotency key; an empty ``body`` is none at all."""
        headers = {"Idempotency-Key": idempotency_key}
        path = f"{_run(run_id)}/{verb}"
        return self._call(self._repeating, "POST", path, headers=headers, json=body or None, secrets=secrets)

    def export(self, run_id: str) -> Iterator[Answer]:
        return self._pages(f"{_run(run_id)}/export", "items", {}, None)

    def models(self, params: Params, most: int | None = None) -> Iterator[Answer]:
        """Pages of the models that proved relays serve."""
        return self._pages(MODELS, "models", params, most)

    def model_relays(self, model: str, params: Params, most: int | None = None) -> Iterator[Answer]:
        """Pages of the relays that serve ``model``."""
        return self._pages(f"{MODELS}/{quote(in_address(model), safe='')}", "relays", params, most)

    def parse(self, body: Mapping[str, Any]) -> Answer:
        return self._call(self._repeating, "POST", PARSE, json=body)

    def quarantine(self) -> Answer:
        return self._get(QUARANTINE)

    def clean_quarantine(self) -> Answer:
        return self._call(self._single, "DELETE", QUARANTINE)

    def health(self) -> Answer:
        return self._get("/api/health")

    def _get(self, path: str, params: Params | None = None) -> Answer:
        return self._call(self._repeating, "GET", path, params=params)

    def _pages(self, path: str, name: str, params: Params, most: int | None) -> Iterator[Answer]:
        seen: set[str] = set()
        cursor: Any = None
        found = 0
        while most is None or found < most:
            size = str(_PAGE if most is None else min(_PAGE, most - found))
            answer = self._get(path, {**params, "limit": size, **({"cursor": cursor} if cursor else {})})
            yield answer
            found += len(rows_of(answer, name))
            cursor = answer.get("next_cursor")
            if cursor is None:
                return
            if not isinstance(cursor, str) or cursor in seen:
                raise ApiError(_("the API's list does not come to an end (the same cursor twice)"))
            seen.add(cursor)

    def _call(
        self,
        session: requests.Session,
        method: str,
        path: str,
        *,
        wait: float = 0.0,
        secrets: Iterable[str] = (),
        **options: Any,
    ) -> Answer:
        timeout = (_CONNECT_SECONDS, _READ_SECONDS + wait)
        try:
            # Not followed: a redirect would turn a POST into a GET, and may lead the token elsewhere.
            response = session.request(method, self.root + path, timeout=timeout, allow_redirects=False, **options)
        except requests.RequestException as error:
            raise ApiError(f"{self.root}: {_why(error)}", "batch-import doctor", uncertain=True) from None
        self.server_date = response.headers.get("Date")
        return _answer(response, [*secrets, *([self._token] if self._token else [])])


def _retry_settings(pace: float) -> dict[str, Any]:
    return {
        "total": _MORE_TRIES,
        "redirect": False,
        "status_forcelist": _PASSING,
        "allowed_methods": frozenset({"GET", "POST"}),
        "backoff_factor": pace / 2,
        "raise_on_status": False,
        # A server's "come back in an hour" must not look like a hanging terminal.
        "respect_retry_after_header": False,
    }


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 60_000


def _run(run_id: str) -> str:
    return f"{RUNS}/{quote(run_id, safe='')}"


def _why(error: requests.RequestException) -> str:
    if isinstance(error, requests.Timeout):
        return _("the API did not answer in time")
    if isinstance(error, requests.exceptions.SSLError):
        return _("the API has no certificate that this machine trusts")
    reason = getattr(error.args[0], "reason", error.args[0]) if error.args else error
    return _("the API cannot be reached: {reason}").format(reason=_ERRNO.sub("", str(reason).rsplit(": ", 1)[-1]))


def rows_of(page: Answer, name: str) -> list[Answer]:
    """The list ``name`` of an answer. Raises ``ApiError`` when it holds none."""
    rows = page.get(name)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ApiError(_("the API's answer holds no list of {name}").format(name=name))
    return rows


def run_of(answer: Answer) -> Answer:
    """The run of an answer, which has a state. Raises ``ApiError`` when there is none."""
    run = answer.get("run")
    if not isinstance(run, dict) or not isinstance(run.get("state"), str):
        raise ApiError(_("the API's answer holds no run"))
    return run


def _answer(response: requests.Response, secrets: Iterable[str]) -> Answer:
    body = _parsed(_scrubbed(response.content.decode("utf-8", "replace"), secrets))
    if not response.ok or response.status_code >= 300:
        raise _refusal(response, body if isinstance(body, dict) else {})
    if not isinstance(body, dict):
        raise _no_api(response)
    return body


def _scrubbed(text: str, secrets: Iterable[str]) -> str:
    """Second line of defence: should a server ever quote a key back, it still does not reach the screen."""
    for secret in secrets:
        if len(secret) >= _SHORTEST_SECRET and secret in text:
            text = text.replace(secret, "***")
    return text


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _no_api(response: requests.Response) -> ApiError:
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip() or "?"
    told = _("no answer of this API but {status} with {kind}").format(status=response.status_code, kind=kind)
    return ApiError(told, _("check BATCH_IMPORT_URL"), uncertain=response.status_code not in range(300, 500))


def _refusal(response: requests.Response, body: Answer) -> ApiError:
    error = body.get("error")
    envelope = error if isinstance(error, dict) else {}
    message = envelope.get("message") or body.get("message")
    if not message:
        return _no_api(response)
    return ApiError(str(message), _hint(response), uncertain=response.status_code >= 500)


def _hint(response: requests.Response) -> str:
    hints = {
        401: _("check BATCH_IMPORT_TOKEN"),
        403: _("an operator's token in BATCH_IMPORT_TOKEN"),
        404: _listing_of(response.url),
        429: _("again in a minute"),
        502: "batch-import doctor",
    }
    return hints.get(response.status_code, "")


def _listing_of(url: str) -> str:
    """The command that lists what was not found."""
    if f"{MODELS}/" in url:
        return "batch-import compare"
    return "batch-import show RUN" if "/items/" in url else "batch-import runs"
