"""Bytes to text. Spreadsheets save in many encodings, and a wrongly guessed one would corrupt keys in silence."""

import codecs

from batch_import_cli.errors import InputError

_UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def decoded(data: bytes) -> str:
    if not data.strip():
        raise InputError("is empty")
    if data.startswith(_UTF_16_MARKS) or b"\0" in data:
        raise InputError("is UTF-16 or binary, not UTF-8 text: save it as UTF-8 (Excel: 'CSV UTF-8')")
    mark = len(codecs.BOM_UTF8) if data.startswith(codecs.BOM_UTF8) else 0
    try:
        return data[mark:].decode("utf-8")
    except UnicodeDecodeError as error:
        place = mark + error.start
        line = data.count(b"\n", 0, place) + 1
        raise InputError(
            f"is not UTF-8: byte {data[place]:#04x} at offset {place} (line {line}); save it as UTF-8"
        ) from None
