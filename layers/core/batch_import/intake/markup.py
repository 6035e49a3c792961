"""A line without the marks of HTML and Markdown."""

import html
import re

from batch_import.intake.fields import field_of

EMOJI = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff]+")
_TAG = re.compile(
    r"</?(?:a|b|i|u|p|br|hr|code|pre|span|div|li|ul|ol|td|th|tr|table|thead|tbody|strong|em|font|html|body|blockquote|h[1-6]|kbd|img"
    r"|input|small|mark|label|section|button|center|details|summary|tt|string|dict|array|plist)(?=[\s/>])[^<>]{0,2000}>",
    re.IGNORECASE,
)
_ELEMENT = re.compile(
    r"<key>(?P<key>[^<>]{1,60})</key>\s*<value[^<>]{0,60}>(?P<value>[^<>]{0,2100})</value>"
    r"|<(?P<name>[A-Z][\w.:-]{1,40})(?:\s[^<>]{0,200})?>(?P<text>[^<>]{0,2100})</(?P=name)>"
    r"|<\w+\s+(?:key|name)=\"(?P<attribute>[\w.:-]{1,60})\"\s+value=\"(?P<set>[^\"<>]{0,2100})\"\s*/?>",
    re.IGNORECASE,
)
_HREF = re.compile(r"href=[\"']?(https?://[^\s\"'>]+)", re.IGNORECASE)
_VALUE = re.compile(r"\bvalue=[\"']?((?:https?://|sk-)[^\s\"'>]+)")  # of a field of a form
_ENTITY = re.compile(r"&(?:nbsp|amp|lt|gt|quot|apos|ensp|emsp|#\d{2,4}|#x[0-9a-f]{2,4});", re.IGNORECASE)
_BLANKS = dict.fromkeys(map(ord, "\t\n\r\xa0\u2002\u2003"), " ")
_SECRET = re.compile(r"\$\{\{\s*([\w.]+)\s*\}\}")
_MARKDOWN_LINK = re.compile(r"!?\[([^\[\]]{0,300})\]\(\s*<?([^\s()<>]{1,2100})>?(?:\s+\"[^\"()]{0,100}\")?\s*\)")
_ESCAPED = re.compile(r"\\([!-/:;=?@\[\]^_{|}~])")  # of Markdown and of quotation marks


def without_markup(text: str) -> str:
    if "${{" in text:
        text = _SECRET.sub(r" ${\1} ", text)
    if "&" in text:
        text = _ENTITY.sub(lambda found: html.unescape(found[0].lower()).translate(_BLANKS), text)
    if "<" in text:
        text = _ELEMENT.sub(_element, text)
        text = _TAG.sub(_tag, text)
    if "~~" in text:
        text = text.replace("~~", " ")
    if "](" in text:
        text = _MARKDOWN_LINK.sub(r"\1 \2 ", text)
    if not text.isascii():
        text = EMOJI.sub(" ", text)
    if "\\" in text:
        text = _ESCAPED.sub(r"\1", text.rstrip().removesuffix(" \\"))
    return text


def _element(found: re.Match[str]) -> str:
    """An element of XML as a label with its value; ``<key>NAME</key>`` of a plist is a label for the next line."""
    if (named := found["key"] or found["attribute"]) is not None:
        return f" {named.replace(':', '.')}: {found['value'] if found['key'] else found['set']} "
    name, text = found["name"], found["text"]
    if field_of(text) is not None or (name.lower() == "key" and text.isalpha()):
        return f"{text}:"
    return f" {name}: {text} " if _TAG.fullmatch(f"<{name}>") is None else found[0]


def _tag(found: re.Match[str]) -> str:
    href = _HREF.search(found[0]) or _VALUE.search(found[0])
    name = found[0].lower()
    return f" {href[1]} " if href else ("\t" if name.startswith(("</td", "</th")) else " ")
