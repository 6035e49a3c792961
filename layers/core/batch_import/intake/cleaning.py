# ruff: noqa: E501  (tables of words and patterns)
"""What is an address, a key, a model, a placeholder; and text without what only looks like nothing."""

import base64
import quopri
import re
from enum import Enum, auto
from functools import lru_cache
from urllib.parse import unquote

from batch_import.domain.urls import ENDPOINT

_PUNCTUATION = {
    "：": ":", "，": ", ", "、": ", ", "；": "; ", "｜": "|", "／": "/", "．": ".", "＝": "=", "＃": "#", "？": "?", "＆": "&",
    "－": "-", "＿": "_", "！": "!", "（": "(", "）": ")", "【": "[", "】": "]", "〔": "[", "〕": "]", "［": "[", "］": "]",
    "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‘": "'", "’": "'", "「": '"', "」": '"', "『": '"', "』": '"',
    "＂": '"', "＇": "'", "｀": "`", "《": "<", "》": ">", "〈": "<", "〉": ">", "＜": "<", "＞": ">", "｛": "{", "｝": "}",
    "＠": "@", "＊": "*", "％": "%", "＋": "+", "＄": "$", "～": "~", "　": " ", "\u00a0": " ", "\u2007": " ", "\u202f": " ",
    "\u2002": " ", "\u2003": " ", "\u2009": " ", "\u2010": "-", "\u2011": "-", "│": "|", "┃": "|", "║": "|", "¦": "|",
    "\u2028": "\n", "\u2029": "\n", "\u0085": "\n", "\x0b": "\n", "\x0c": "\n",
}  # fmt: skip
_INVISIBLE = "".join(map(chr, [
    *range(9), *range(14, 32), 127, 0xAD, 0x180E, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070),
    *range(0xFE00, 0xFE10), 0xFEFF, 0xFFFC, 0xFFFD,
]))  # fmt: skip
_PLAIN = str.maketrans({**_PUNCTUATION, **dict.fromkeys(_INVISIBLE, "")})
INVISIBLE = re.compile(f"[{re.escape(_INVISIBLE)}]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
CJK = re.compile(r"[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef\u3000-\u303f]")

LONGEST_ADDRESS = 2048
LONGEST_KEY = 512
LONGEST_WORD = 20_000

_QUOTED_PRINTABLE = re.compile(r"^Content-Transfer-Encoding: *quoted-printable", re.MULTILINE | re.IGNORECASE)
_BASE64 = re.compile(r"(?<![\w+/=.&?-])(?:aHR0c|c2st)[\w+/-]{8,2000}={0,2}(?![\w+/=])", re.ASCII)  # of http… and sk-…
_ENCODED = re.compile(r"(?<!\S)(?=\S{0,300}?https?%3A%2F%2F)(?!\S{0,2000}?://)\S{1,2000}", re.IGNORECASE)
_WITH_SCHEME = re.compile(r"[a-z][a-z0-9+.-]{1,20}:/{1,3}[^\s/]", re.IGNORECASE)
_BARE_HOST = re.compile(
    r"(?:(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,8}(?:[a-z]{2,24}|xn--[a-z0-9-]{2,40})|(?:\d{1,3}\.){3}\d{1,3}|localhost(?=:|/|$)"
    r"|\[[0-9a-f:]{2,39}\])(?::\d{1,5})?(?:/[^\s]{0,500})?",
    re.IGNORECASE,
)
_TELLING_HOST = re.compile(
    r":(?!3306|5432|6379|27017|1433|9092|5672|2181)\d{2,5}(?:/|$)|/v\d|^localhost/|/(?:api|openai|proxy|claude|anthropic)(?:/|$)|^(?:api|relay|gateway)\."
)
# Ends of host names that stand alone in prose or code: without this, ``os.environ`` would be a host.
_ENDS_TEXT = """
    ac ai app art asia at au be biz blog br ca cc center ch chat cloud club cn co codes com company cool cyou de
    dev digital download edu es eu example fi fm fr fun fyi gg global gov group hk homes host icu id im in info
    ink internal io ir is it jp kr la lan life link live local lol ltd me mobi moe mom name net news nl no nu nz
    one online ooo org party ph pink pl plus press pro pub pw quest red rest rip ru run se services sg sh shop
    show site so social software space store studio su systems team tech test to today tokyo tools top tr tv tw ua
    uk uno us vip vn wang website wiki win work works world ws wtf xin xyz yachts zone
"""
_ENDS = frozenset(_ENDS_TEXT.split())
_ATTRIBUTE = re.compile(r"(?:\w+\.)+[A-Za-z]*[a-z][A-Z]\w*")  # ``config.baseUrl``
_REVERSED_NAME = re.compile(r"(?:com|org|net|io)(?:\.[\w-]+){2,}")  # ``com.some.app``
_FILE = re.compile(
    r"\.(?:md|txt|py|js|ts|json|jsonl|ya?ml|toml|csv|tsv|go|rs|sh|env|html?|png|jpe?g|gif|svg|zip|exe|log|conf|ini|java|sql|xlsx?|docx?)$",
    re.IGNORECASE,
)
_KEY_CHARACTERS = re.compile(r"[\x21-\x7e]{1,512}")
_PREFIXED = re.compile(
    r"(?!sk-ant-sid)(?:(?:sk|cr|gsk|xai|pplx|nvapi|hf|sess|csk|tvly|r8|pk|rk|ak|ck|fk|ek|tp|ms|clp|cpk|key|api|app|token|oc|cs|th|vk|ah|sb)"
    r"[-_](?=[^\s]*[0-9A-Z])|sk-|AIza|eyJ|AQ\.)[\w\-.+/=~:]+"
)
# A long random key: none of the slower patterns says otherwise of one.
_RANDOM_KEY = re.compile(r"sk-(?!ant-sid)(?=(?:[^0-9]*[0-9]){6})[A-Za-z0-9_-]{21,300}")
_OF_ANOTHER_SERVICE = re.compile(
    r"(?:gh[opsu]_|github_pat_|glpat-|xox[abeprs]-|AKIA|npm_|dckr_pat_)[\w-]+|\d{8,10}:[\w-]{35}|0x[0-9a-fA-F]{40}|bc1q\w{30,60}"
)
_VARIABLE = re.compile(r"[A-Z]+(?:_[A-Z]+)+")
_OPAQUE = re.compile(r"(?=[^0-9]*[0-9])(?=[^A-Za-z]*[A-Za-z])[A-Za-z0-9_\-.+/=~:|]{16,}")
_NO_KEY = re.compile(
    r"[A-Za-z_]\w*=[^=]|@|\d+(?:\.\d+)?[A-Za-z]{1,4}$|(?:[A-Z]+(?:_[A-Z]+)+|[a-z]+(?:_[a-z]+)+)$|[-:.]"
)  # an assignment, a variable, an option
# Words written together (``SiliconFlowChina``).
_JOINED_WORDS = re.compile(r"(?!.*[b-df-hj-np-tv-xz]{5})[a-z]*(?:[A-Z]+[a-z]{2,})+[A-Z]{0,4}")
_LONGEST_NAME = 15  # of letters alone
_SCHEME_WORD = re.compile(
    r"(?:bearer|basic|digest|oauth2?|header|query|inherit|password|(?:x-)?api[-_ ]?key|bearer[-_ ]?token)[;,]?",
    re.IGNORECASE,
)
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_LONG_HEX = re.compile(r"[0-9a-f]{24,}", re.IGNORECASE)
_DATE = re.compile(r"\d{2,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:T[\d:.+Z-]*)?|\d{1,2}:\d{2}(?::\d{2})?")
_MODEL = re.compile(
    r"""(?:[\w.-]{1,40}/){0,3}(?:\[[^\]\s]{1,20}\])?
    (?:gpt|chatgpt-(?!next|web)|o[134](?=$|[-:])|claude|opus|sonnet|haiku|fable|gemini|gemma|deepseek|qwen|qwq|qvq|glm|chatglm|kimi|moonshot|minimax|abab
      |(?:meta-)?llama|mistral|mixtral|codestral|devstral|magistral|ministral|pixtral|grok|doubao|ernie|hunyuan|yi-|baichuan
      |step-|sonar|command-|phi-|dall-e|whisper|tts-|text-embedding|bge-|sora|flux|midjourney|mj_|mj-|suno|veo|imagen|nano-banana
      |seedream|seedance|seed-|spark|internlm|codex|text-davinci|davinci|jina|rerank|nova-|titan|wan-?\d|kling|ideogram|recraft
      |stable-diffusion|cogview|longcat|mimo|ling-|ring-|hermes|nemotron|composer|embedding|omni-|computer-use|learnlm|aqa$
      |m2-|k2(?=$|[-.])|r1(?=$|[-:])|v[34](?=-|$)|intern)(?![a-z]{3,}[0-9A-Z]{6})[\w.\-:@/\[\]+]*""",
    re.IGNORECASE | re.VERBOSE,
)
_ENVIRONMENT = re.compile(
    r"\$\{?[A-Za-z_][\w.]*(?::-[^}]*)?\}?|\$?\{\{[^{}]*\}\}|%[A-Za-z_]\w*%|os\.environ.*|process\.env.*|\{?(?:env[:.]|file:|vault:|keychain:|secret:).+|\$\(.*|\$env:.+|@env.*|!env.*"
    r"|getenv\(.*|![a-z]+[ ].+|import\.meta.*|(?!YOUR|MY_|SK_)(?:[A-Z]+_)+[A-Z]+(?:_\d+)?"
)
_PLACEHOLDER = re.compile(
    r"(?:(?:sk|key|api|token|cr|hf|AIza|sk-ant|sk-proj|sk-or|sk-or-v1|sk-ant-api03)[-_]?)?(?:[-_.]?(?:x{3,}+|\.{2,}+|…++|0{6,}+|y{3,}+))++|.*[<>\[{].*|[a-z]{2,5}[-_](?:(?:ant|proj|or|v1|api\d\d)-)*"
    r"|(?:\w{1,12}[-_ ])?your[-_ a-z]*(?:\d{0,2})?|(?:\w{1,8}[-_ ])?(?:my|the)[-_ ](?:[a-z]{1,20}[-_ ])?(?:api[-_ ]?)?(?:key|token|secret)|api_keys?_\w+"
    r"|[\w-]*[-_](?:api[-_]?key|token|key)[-_]here|[\w-]{0,20}[-_]here|(?:[\w-]{1,20}[-_])?replace[-_]me|replace[-_ ].*|insert[-_ ].*|change[-_]?me.*|enter[-_ ].*|put[-_ ].*"
    r"|(?:sk[-_])?(?:none|null|nil|undefined|empty|dummy|fake|placeholder|user_provided|n/?a|todo|tbd|redacted|xxx|no[-_]?(?:api[-_]?)?key(?:[-_]\w+)*|not[-_](?:needed|required|used)"
    r"|hidden|true|false|test|demo|sample|my-?key|api[-_]?key|apikey|key|token|secret|密钥|example|value)|(?:dummy|fake|test|demo|sample)[-_](?:api[-_]?)?key|-+|.*(?:填|替换|你的|您的|粘贴|输入|占位).*|(?:sk[-_])?(?:x{4,}.*|.*x{8,}.*)",
    re.IGNORECASE,
)
# A cheap look first: the pattern above is slow on long keys.
_PLACEHOLDER_SIGN = re.compile(
    r"x{3}|\.\.|…|0{6}|y{3}|your|my[-_ ]|the[-_ ]|here|replace|insert|change|enter|put[-_ ]|none|null|nil|undef|empty|dummy|fake"
    r"|placeholder|user_prov|^n/?a$|todo|tbd|redacted|not[-_]|key|token|secret|example|value|hidden|^true$|^false$|test$|demo$|sample|[-_]$|[填替你您粘输占密<>\[{]|^-",
    re.IGNORECASE,
)
_STATES_TEXT = """
    deleted default disabled expired free hidden later optional pending removed required revoked same sk- soon unknown whatever
"""
_STATES = frozenset(_STATES_TEXT.split())  # in the place of a key
_MASKED = re.compile(r"\*{3,}|…|\.{3,}|•{2,}|●{2,}|█|x{6,}$|\[hidden\]|\[redacted\]", re.IGNORECASE)
_ADDRESS_PLACEHOLDER = re.compile(
    r"[<>{}$%*]|\b(?:your|my)[-_.]?(?:own|domain|host|server|relay|api|proxy|base|url|site|endpoint|ip|instance|gateway|new|one|resource)"
    r"|://(?:x{2,}|\.{3,}|你的|您的|域名|ip)|://[\w.]*\bx{3,}\b|user_provided|\.\.\.|…|://(?-i:YOUR|MY)_|://(?:host|domain|url|地址)(?:[/:]|$)|^os\.environ/",
    re.IGNORECASE,
)
_PAGE_HOST = re.compile(
    r"(?:^|\.)(?:github\.com|githubusercontent\.com|t\.me|telegram\.me|linux\.do|youtube\.com|youtu\.be|bilibili\.com|notion\.(?:so|site)"
    r"|discord\.(?:gg|com)|mp\.weixin\.qq\.com|qm\.qq\.com|qun\.qq\.com|jq\.qq\.com|pd\.qq\.com|twitter\.com|x\.com|zhihu\.com|csdn\.net|v2ex\.com|nodeseek\.com"
    r"|feishu\.cn|larksuite\.com|yuque\.com|gitee\.com|pypi\.org|npmjs\.com|docs\.google\.com|reddit\.com|medium\.com|afdian\.(?:net|com)|ifdian\.net|telegram\.org|tavily\.com|serper\.dev|amap\.com|webhook\.site|pastebin\.com|rentry\.co|drive\.google\.com|pan\.baidu\.com)$|^(?:docs?|wiki|blog|help|status|forum|bbs|console|dashboard|platform|hooks|mcp|s3)\."
)
_PAGE_PATH = re.compile(
    r"\.(?:png|jpe?g|gif|svg|webp|mp4|pdf|html?|json|ya?ml|xml|xsd|ico|zip|sh|ps1|git|exe|dmg|msi|deb)$"
    r"|/key/(?:generate|info|list)$|/(?:docs?|oauth|register|login|signin|signup|sign-up|sign-in|console|dashboard|panel|pricing|topup|token|tokens|t|topic|blog|guide|wiki|user"
    r"|settings|playground|invite|keys|api-keys|apikeys|shop|buy|goods|order|store|help|faq|about|status|documentation|balance|credits?|billing|usage|cabinet|profile|webhooks?|download|sse|mcp|article|tutorial|privacy|terms|unsubscribe)(?:/|$)",
    re.IGNORECASE,
)
_API_PATH = re.compile(r"\bv\d|api|openai|proxy|claude|anthropic|gemini|codex|gpt|llm|relay|mode|paas", re.IGNORECASE)
# Of a document or a paste: an id.
_OTHER_PATH = re.compile(r"/(?!sk-)(?=[\w-]{0,40}\d)(?=[\w-]{0,40}[A-Za-z])[\w-]{8,40}(?:/|$)")
# A key behind an address, a sign between (``https://…/v1:sk-…``); none in its path, its query or before its host.
_GLUED_KEY = re.compile(
    r"(?<![?&])(?:[^\w/=&?.%~+-]{1,4}|(?<=/v\d))(?=(?:sk-|cr_|AIza|eyJ)[\w.-]{8,600}(?![\w.-]*@))", re.ASCII
)
_TRAILING = ".,;:!?*~'\"`_"
_QUOTES = " \t\r\n,;|\"'`<>()[]{}*"


class Kind(Enum):
    KEY = auto()
    MODEL = auto()
    HOST = auto()
    WEAK = auto()  # might be a key where nothing else can be
    PLACEHOLDER = auto()
    TEXT = auto()


def plain(text: str) -> str:
    """``text`` without invisible characters, full-width punctuation and typographic quotes as ASCII."""
    return text if text.isascii() and _CONTROL.search(text) is None else text.translate(_PLAIN)


def visible(text: str) -> str:
    """``text`` without invisible characters, nothing else changed (for JSON, whose strings may hold typographic quotes)."""
    return INVISIBLE.sub("", text) if INVISIBLE.search(text) is not None else text


def with_line_feeds(text: str) -> str:
    """``text`` with the line ends of Windows and old Macs as line feeds."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def decoded(text: str) -> str:
    """``text`` with addresses and keys that stand in it in base64 (of a Kubernetes secret, of a forum) as plain text.

    Addresses with ``%3A%2F%2F`` too, except in links, which are read as such; and mails in quoted-printable. Line ends of
    every kind are line feeds.
    """
    text = with_line_feeds(text)
    if ("rintable" in text and _QUOTED_PRINTABLE.search(text) is not None) or (text.count("=3D") > 1 and "=\n" in text):
        text = with_line_feeds(quopri.decodestring(text.encode("utf-8", "ignore")).decode("utf-8", "ignore"))
    if "%3A%2F%2F" in text or "%3a%2f%2f" in text:
        text = _ENCODED.sub(lambda word: re.sub(r"\s", " ", unquote(word[0])), text)
    return _BASE64.sub(_decoded, text) if "aHR0c" in text or "c2st" in text else text


def _decoded(found: re.Match[str]) -> str:
    word = found[0].rstrip("=").replace("-", "+").replace("_", "/")
    try:
        text = base64.b64decode(word + "=" * (-len(word) % 4), validate=True).decode("ascii")
    except ValueError:
        return found[0]
    return re.sub(r"\s", " ", text) if re.fullmatch(r"(?:[^\W_]|[\s!#-&(-\[\]-_{-~])+", text) else found[0]


def kind_of(word: str) -> Kind:
    """What one word most likely is, by its form alone."""
    return _kind(word) if len(word) <= LONGEST_KEY else Kind.TEXT


@lru_cache(maxsize=16_384)
def _kind(word: str) -> Kind:
    if is_random_key(word):
        return Kind.KEY
    if not word.isascii():
        return Kind.PLACEHOLDER if is_masked(word) and _PREFIXED.match(word) else Kind.TEXT
    if is_placeholder(word) or is_masked(word) or is_environment(word):
        return Kind.PLACEHOLDER
    if _PREFIXED.fullmatch(word):
        return Kind.KEY
    if _OF_ANOTHER_SERVICE.fullmatch(word):
        return Kind.TEXT
    if _MODEL.fullmatch(word):
        return Kind.MODEL
    return _by_shape(word)


def _by_shape(word: str) -> Kind:
    if _UUID.fullmatch(word) or _LONG_HEX.fullmatch(word):
        return Kind.KEY
    if looks_like_host(word):
        return Kind.HOST
    if _DATE.fullmatch(word) or word.startswith("/"):
        return Kind.TEXT
    if _OPAQUE.fullmatch(word) and not _is_wordy(word):
        return Kind.KEY
    return Kind.WEAK if _may_be_key(word) else Kind.TEXT


def _is_wordy(word: str) -> bool:
    """Words joined by hyphens or slashes, as in a path or a name with a number."""
    parts = re.split(r"[-_/.+:|=~]", word)
    longest = max(map(len, parts))
    return longest < 8 or (
        len(parts) > 1 and all(part.isalpha() or part.isdigit() or not part for part in parts) and longest < 16
    )


def _may_be_key(word: str) -> bool:
    if word.isdigit() or not any(map(str.isalnum, word)) or _NO_KEY.match(word):
        return False
    if word.isalpha() and (word.islower() or word.istitle() or word.isupper()):
        return len(word) <= 3 and word.islower()
    return (not _FILE.search(word) and "/" not in word.strip("/")) or len(word) >= 24


def looks_like_host(word: str) -> bool:
    """Whether ``word`` can be an address without a scheme."""
    return (
        len(word) <= 600
        and _BARE_HOST.fullmatch(word) is not None
        and not _FILE.search(word)
        and not _ATTRIBUTE.fullmatch(word)
        and not _REVERSED_NAME.fullmatch(word)
    )


def is_likely_host(word: str) -> bool:
    """Whether a schemeless host ends as host names of relays do; an address of numbers does."""
    host = re.split(r"[:/]", word, maxsplit=1)[0].lower()
    return host.rpartition(".")[2] in _ENDS or host.replace(".", "").isdigit() or word.startswith("[")


def is_telling_host(word: str) -> bool:
    """Whether a schemeless host shows by port, path or first label that it is an address and no word with a dot."""
    return _TELLING_HOST.search(word.lower()) is not None


def has_scheme(word: str) -> bool:
    return _WITH_SCHEME.match(word) is not None


def is_prefixed_key(word: str) -> bool:
    """Whether ``word`` begins as keys do (``sk-``): another opaque word may be an id or a hash."""
    return _PREFIXED.fullmatch(word) is not None


def is_sure_key(text: str) -> bool:
    """Whether ``text`` is a key of a form that relays give (``sk-``), perhaps with ``Bearer``; a token in JSON is none."""
    key = bare_key(text)[0]
    return is_prefixed_key(key) and not key.startswith("eyJ")


def is_scheme_word(word: str) -> bool:
    """Whether ``word`` names how a key is sent and is none itself (``auth: bearer``)."""
    return _SCHEME_WORD.fullmatch(word.strip()) is not None


def is_uuid(word: str) -> bool:
    return _UUID.fullmatch(word) is not None


def is_of_another_service(word: str) -> bool:
    """Whether ``word`` has the form of a token of GitHub, GitLab, Slack, AWS, npm, Docker or a bot of Telegram."""
    return _OF_ANOTHER_SERVICE.fullmatch(word) is not None


def is_key_like(word: str) -> bool:
    return kind_of(word) is Kind.KEY


def holds_key(text: str) -> bool:
    """Whether any word of ``text`` has the form of a key."""
    return any(map(is_key_like, re.split(r"[\s=:,;|#\"'`]+|-{3,}", text)))


def is_key_of_letters(word: str) -> bool:
    """Whether ``word``, of letters alone, is rather a key than a name: long, and no words written together."""
    if len(word) <= _LONGEST_NAME or not word.isalpha() or kind_of(word) is not Kind.WEAK:
        return False
    return _JOINED_WORDS.fullmatch(word) is None or sum(map(str.isupper, word)) > len(word) // 3


def may_travel(key: str) -> bool:
    """Whether an HTTP header can carry ``key``."""
    return _KEY_CHARACTERS.fullmatch(key) is not None


def is_placeholder(word: str) -> bool:
    if word.lower() in _STATES:
        return True
    if len(word) > LONGEST_KEY or _PLACEHOLDER_SIGN.search(word) is None:
        return False
    return _PLACEHOLDER.fullmatch(word) is not None and not _keylike_hidden(word)


def _keylike_hidden(word: str) -> bool:
    """A long random key may hold ``xxxx`` or ``key`` by chance."""
    digits = sum(char.isdigit() for char in word)
    return len(word) >= 24 and digits >= 6 and not re.search(r"your|here|x{8,}|[<>{}]|填|你的", word, re.IGNORECASE)


def is_environment(word: str) -> bool:
    return _ENVIRONMENT.fullmatch(word) is not None


def is_random_key(word: str) -> bool:
    """Whether ``word`` is a long random key of the usual form, without anything to be taken off."""
    if _RANDOM_KEY.fullmatch(word) is None:
        return False
    lower = word.lower()
    return "xxxxxx" not in lower and "your" not in lower and "here" not in lower


def may_be_key(text: str) -> bool:
    """Whether ``text`` is neither words, nor a placeholder, nor a reference, nor masked."""
    return is_random_key(text) or (
        text.isascii() and not (is_placeholder(text) or is_environment(text) or is_masked(text))
    )


def is_odd_key(word: str) -> bool:
    """Whether ``word`` is rather a model, a number, a host or a mail address."""
    if word.startswith("sk-"):
        return False
    kind = kind_of(word)
    return (
        word.isdigit()
        or "@" in word
        or (kind is Kind.MODEL and len(word) > 3)
        or (kind is Kind.HOST and is_likely_host(word))
    )


def is_masked(word: str) -> bool:
    return _MASKED.search(word) is not None


def is_bind_address(address: str) -> bool:
    """Whether ``address`` is only where a program listens (``127.0.0.1``), not an address with scheme or port."""
    return address in ("127.0.0.1", "0.0.0.0", "localhost", "::", "::1")  # noqa: S104  (compared, not bound)


def is_address_placeholder(address: str) -> bool:
    return _ADDRESS_PLACEHOLDER.search(address) is not None


def is_page(host: str, path: str) -> bool:
    """Whether an address is plainly a web page (documents, sign-up, image), not an API."""
    if ENDPOINT.search(path.rstrip("/#")) or re.search(r"/v\d+(?:beta)?/?$", path):
        return False
    is_other = _OTHER_PATH.search(path) is not None and _API_PATH.search(path) is None
    return is_other or _PAGE_HOST.search(host) is not None or _PAGE_PATH.search(path) is not None


def is_api_path(address: str) -> bool:
    """Whether an address has no path, or one that may be an API's."""
    path = address.partition("://")[2].partition("/")[2]
    return not path or _API_PATH.search(path) is not None


def cut_address(word: str) -> str:
    """The part of a word that begins with a scheme which can be one address: no closing punctuation, no text glued to it."""
    word = word.split("----", 1)[0]
    if (key := _GLUED_KEY.search(word, 8)) is not None:
        word = word[: key.start()]
    if "?" not in word:
        word = word.partition("&")[0]
    if not word.isascii():
        word = _cut_foreign(word)
    return word.rstrip(_TRAILING)


def _cut_foreign(word: str) -> str:
    """Cuts at foreign text, except in the host, where it may be a name (``例子.example``)."""
    start = word.find("://") + 3
    host_end = min((at for sign in "/?#" if (at := word.find(sign, start)) >= 0), default=len(word))
    found = CJK.search(word, start)
    if found is None:
        return word
    at = found.start()
    if at >= host_end or _BARE_HOST.fullmatch(word[start:at]):
        return word[:at]
    later = CJK.search(word, host_end)
    return word if later is None else word[: later.start()]


def bare_key(text: str) -> tuple[str, bool]:
    """A key without quotation marks, brackets and ``Bearer``; and whether it had that prefix."""
    key = text.strip(_QUOTES)
    found = re.match(r"(?:authorization\s*[:=]\s*)?(?:bearer|basic|token)\s+", key, re.IGNORECASE)
    if found is not None:
        key = key[found.end() :].strip(_QUOTES)
    return key.rstrip(".:") if not is_masked(key) else key, found is not None
