"""What a line is, once it is read as a whole: which of its words is a key, a host or a heading."""

import re

from batch_import.intake import cleaning
from batch_import.intake.fields import Field, field_of
from batch_import.intake.labels import names_key
from batch_import.intake.line import Line, Token
from batch_import.intake.markup import EMOJI
from batch_import.intake.texts import Note
from batch_import.intake.tokens import BULLET, LONGEST_HEADING, RULE

_HEADING = re.compile(
    r"^\s*#{1,6}\s*(.+?)\s*#*$|^\s*\*\*([^*]+)\*\*\s*$|^\s*\[([^\[\]]+)\]\s*$|^\s*[=\-—*~]{2,}\s*(.+?)\s*[=\-—*~]{2,}\s*$"
)
_ASSIGNMENT = re.compile(r"[\w.-]+\s*=\s*\S")
_ASSIGNED_ADDRESS = re.compile(r"\w\s*=\s*[\"']?https?:")
_MOST_WEAK = 100  # words of no known form in a line: one alone may be a key
_VALUE = re.compile(r"[,{}\](]\s*$|\w:[*_`]*\s+\S")  # a line of code, or a name with a value: no heading
_LIKE_KEY = re.compile(r"[\w.+/=~:|-]{8,}")
_CHANGE = re.compile(r"[A-Za-z](?=\d)|\d(?=[A-Za-z])")
_FEWEST_CHANGES = 3  # a word with less may be a name (``backup01``, ``Provider2a``, ``us-west-2``)
_NEAR = 10  # characters from the name of a key to it
_SENTENCE = re.compile(r"[。!?;]|\w, ")
_LABEL_START = re.compile(
    r"(?:open)?ai?_?|(?:api|base|auth|secret)(?:[-_]?[a-z]{1,3}|[-_])?|key?|tok(?:en?)?|mod(?:els?)?", re.IGNORECASE
)
_OF_ID = re.compile(
    r"\b(?:commit|hash|sha|md5|id|uuid|order|session|build|request|trace|invite|coupon|promo|code|wallet)\b"
    r"|邀请码|兑换码|验证码|激活码|优惠码|订单|单号|编号|群号|捐赠|打赏|钱包",
    re.IGNORECASE,
)
_LOGIN = re.compile(
    r"\b(?:pass(?:word|wd)?|pwd|root|ssh|admin|user(?:name)?(?= \w))\b|密码|пароль", re.IGNORECASE
)  # beside these an opaque word opens no API, and an address is a panel's
_HALF = re.compile(r"[前后上下]半|\b(?:first|second|other) half\b|\bpart \d", re.IGNORECASE)  # of a key
_LOGGED = re.compile(r"\"(?:GET|POST|PUT|HEAD|OPTIONS|DELETE) /\S* HTTP/")  # the host is the caller's


def settle(line: Line) -> None:
    """Decides about the words of a line that may be a key or a host, now that the whole line is known."""
    if not (line.tokens or line.hosts or line.weak):
        return
    if line.hosts:
        _settle_hosts(line)
    if any(token.field is Field.MODELS and token.labelled for token in line.tokens):  # ``渠道 "GPT-4o" 支持的模型：…``
        line.tokens = [token for token in line.tokens if token.field is not Field.MODELS or token.labelled]
    loose = [token for token in line.tokens if not token.labelled]
    is_of_login = bool(loose or line.weak) and _LOGIN.search(line.text) is not None and not names_key(line.text)
    if is_of_login or (loose and _speaks_of_ids(line)):
        line.tokens = [token for token in line.tokens if not _is_id(token)]
    is_half = bool(line.words) and line.has(Field.KEY) and _HALF.search(line.text) is not None
    is_of_panel = is_of_login and not line.has(Field.KEY)
    for token in line.tokens:
        if token.field is Field.KEY and is_half:
            token.notes = (*token.notes, Note.KEY_UNCLEAR)
        elif token.field is Field.ADDRESS and not token.labelled and is_of_panel:
            token.field = Field.SITE
    address = next((token.value for token in line.tokens if token.field is Field.ADDRESS), "")
    behind = line.text.partition(address)[2] if address else line.text
    names = [word for word in line.weak if _is_name(word) and word not in behind]  # ``OpenRouter https://…``
    if address and names:
        line.words[:0], line.lead = names, line.lead + len(names)
        line.weak = [word for word in line.weak if word not in names]
    line.weak = [word for word in line.weak[:_MOST_WEAK] if not is_of_login and _may_be_key(line, word, behind)]
    if len(line.weak) == 1 and not line.has(Field.KEY) and (line.has(Field.ADDRESS) or _is_key_alone(line)):
        [word] = line.weak
        is_alone = line.has(Field.ADDRESS) and not line.words and _is_like_key(word)
        is_sure = is_alone or names_key(line.text.partition(word)[0][-_NEAR:])
        line.tokens.append(Token(Field.KEY, word, notes=(Note.UNUSUAL_KEY if is_sure else Note.KEY_UNCLEAR,)))


def _speaks_of_ids(line: Line) -> bool:
    """Whether an unlabelled opaque word in a line is rather an id: in a sentence that names no key."""
    words = [word for word in line.words if word.isascii() and word.isalpha()]
    if not line.has(Field.ADDRESS, Field.SITE):
        return bool(words)
    return any(map(_OF_ID.search, line.words)) or (len(words) > 2 and not names_key(line.text))


def _may_be_key(line: Line, word: str, behind: str) -> bool:
    """Whether a word of no known form may be a key: in a sentence only one with letters and digits, or long letters.

    A few signs are one ``behind`` an address only, and alone: before it stands the program of a command.
    """
    if len(word) < 4 and (line.words or word not in behind):
        return False
    if _LABEL_START.fullmatch(word) or field_of(word) is not None or not re.search(r"[A-Za-z]", word):
        return False
    return len(line.words) < 2 or (len(word) > 3 and _has_form_of_key(word))


def _is_name(word: str) -> bool:
    return word.isalpha() and not cleaning.is_key_of_letters(word)


def _is_like_key(word: str) -> bool:
    return _LIKE_KEY.fullmatch(word) is not None and len(_CHANGE.findall(word)) >= _FEWEST_CHANGES


def _has_form_of_key(word: str) -> bool:
    return re.search(r"\d", word) is not None or cleaning.is_key_of_letters(word)


def _is_id(token: Token) -> bool:
    """Whether a word in a sentence is rather an id or a hash than a key (``commit 3f2b…``)."""
    return (
        token.field is Field.KEY
        and not token.labelled
        and cleaning.is_key_like(token.value)
        and not cleaning.is_prefixed_key(token.value)
    )


def _settle_hosts(line: Line) -> None:
    """A word with dots is an address beside a key or if it tells so itself, and perhaps a key beside an address."""
    if _LOGGED.search(line.text):
        line.hosts = []
    has_key = line.has(Field.KEY)
    is_beside_weak = any(not word.isalpha() for word in line.weak)
    if not line.has(Field.ADDRESS, Field.SITE):
        is_alone = len(line.hosts) == 1 and not (line.words or line.weak or line.tokens)
        likely = [host for host in line.hosts if cleaning.is_likely_host(host)]
        if has_key and len(line.words) < 3:
            likely = line.hosts
        elif not (is_alone or is_beside_weak or any(map(cleaning.is_telling_host, line.hosts))):
            likely = []
        sure = [host for host in line.hosts if host in likely or cleaning.is_telling_host(host)]
        line.tokens[:0] = [Token(Field.ADDRESS, host) for host in sure]
        line.hosts = []
    elif not has_key and not line.weak and len(line.hosts) == 1 and re.search(r"\d", line.hosts[0]):
        line.weak = line.hosts


def _is_key_alone(line: Line) -> bool:
    [word] = line.weak
    is_plain = not (line.tokens or line.words or line.text.lstrip().startswith("["))
    return is_plain and len(word) >= 8 and _has_form_of_key(word)


def heading_of(line: Line) -> str:
    """A short line of words alone: the name of what follows."""
    is_plain = line.text[:1].isalnum()  # no sign at its beginning
    if (not is_plain and RULE.match(line.text)) or _ASSIGNMENT.match(line.text):
        return ""
    found = None if is_plain else _HEADING.match(line.text)
    text = next((group for group in found.groups() if group), "") if found else line.text
    text = text if text.isascii() else EMOJI.sub("", text)
    text = (text if text[:2].isalpha() else BULLET.sub("", text)).strip(" :*#`\"'-=")
    if cleaning.holds_key(text) or _ASSIGNED_ADDRESS.search(text):  # switched off
        return ""
    if not text or len(text) > (LONGEST_HEADING if found else 30) or _SENTENCE.search(text) or line.hosts or line.weak:
        return "" if not found or len(text) > LONGEST_HEADING else text
    return text if found or not _VALUE.search(line.text) else ""
