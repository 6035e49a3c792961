"""Reading a list in a test: its items, or what the refusal says."""

import pytest
from batch_import_cli.errors import InputError
from batch_import_cli.lists import read_list

URL, KEY = "https://a.example/v1", "sk-AbC_123-xyz"


def read(text: str | bytes, form: str | None = None) -> list[dict[str, object]]:
    data = text.encode() if isinstance(text, str) else text
    return [dict(item.fields) for item in read_list(data, "list", form).items]


def refusal(text: str | bytes, form: str | None = None) -> str:
    with pytest.raises(InputError) as caught:
        read(text, form)
    assert "SECRET" not in caught.value.message
    return caught.value.message
