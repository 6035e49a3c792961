"""Every way of writing pairs down as text or CSV, and every way of getting it wrong."""

import pytest
from batch_import_cli.lists import read_list

from tests.unit.cli.list_reading import KEY, URL, read, refusal


@pytest.mark.parametrize(
    "line",
    [
        "{u},{k}",
        "{u}, {k}",
        "{u}\t{k}",
        "{u};{k}",
        "{u} ; {k}",
        "{u}|{k}",
        "{u} | {k}",
        "{u} {k}",
        "   {u}     {k}   ",
        "{u}----{k}",
        "{u} ---- {k}",
        "{u} - {k}",
        "{u} -> {k}",
        "{u} => {k}",
        "{u} → {k}",
        "{u}，{k}",
        "{u}；{k}",
        "{k},{u}",
        "{k} {u}",
        "{k}----{u}",
        "{k}\t{u}",
        "base_url={u} api_key={k}",
        "api_key={k} base_url={u}",
        "base_url = {u}, api_key = {k}",
        "BASE_URL: {u}; API_KEY: {k}",
        "url: {u} key: {k}",
        "url={u}----key={k}",
        "接口地址：{u} 密钥：{k}",
        '"base_url": "{u}", "api_key": "{k}"',
        '{{"base_url": "{u}", "api_key": "{k}"}},',
        "{u} Bearer {k}",
        "{u},Bearer {k}",
        "{u} Authorization: Bearer {k}",
        '"{u}","{k}"',
        "'{u}' '{k}'",
        "`{u}` `{k}`",
        "<{u}> {k}",
        "{u},{k},",
        "- {u} {k}",
        "3. {u} {k}",
        "{u} {k}  # the fast one",
        "{u} {k} // the fast one",
    ],
)
def test_text_lines(line: str) -> None:
    assert read(f"# ours\n\n{line.format(u=URL, k=KEY)}\n", "text") == [{"base_url": URL, "api_key": KEY}]


@pytest.mark.parametrize(
    ("line", "url", "key"),
    [
        ("HTTPS://A.Example:443/V1/ k", "HTTPS://A.Example:443/V1/", "k"),
        ("http://10.0.0.1:8080/v1?x=1,2 k", "http://10.0.0.1:8080/v1?x=1,2", "k"),
        ("https://a.example/v1 12|abc,def", URL, "12|abc,def"),
        ("https://a.example/v1,12|abc", URL, "12|abc"),
        ("https://a.example/v1|12----abc", URL, "12----abc"),
        ("12|abc,https://a.example/v1", URL, "12|abc"),
        ("https://a.example/v1 a==", URL, "a=="),
        ("https://a.example/v1?key=1 abc", "https://a.example/v1?key=1", "abc"),
        ("https://a.example/v1 id123.Secret", URL, "id123.Secret"),
        ("api.a.example/v1 sk-1", "api.a.example/v1", "sk-1"),
        ("sk-1 localhost:8080", "localhost:8080", "sk-1"),
        ("https://例子.example/v1 sk-1", "https://例子.example/v1", "sk-1"),
    ],
)
def test_text_values_that_hold_separators(line: str, url: str, key: str) -> None:
    assert read(line) == [{"base_url": url, "api_key": key}]


@pytest.mark.parametrize(
    ("line", "place", "text"),
    [
        ("sk-SECRET", "column 1", "no base URL"),
        ("  sk-SECRET sk-SECRET2", "column 3", "no base URL"),
        (URL, "column 21", "no key beside"),
        (f"{URL} https://b.example", "column 22", "more than one base URL"),
        (f"{URL} sk-SECRET gpt-5", "column 32", "3 values"),
        (f"{URL} sk-SECRET密", "column 22", "the key holds a blank, an invisible or a non-ASCII"),
        (f"{URL} sk-\u200bSECRET", "column 22", "the key holds a blank, an invisible or a non-ASCII"),
        ("aa.bb cc.dd", "column 1", "no base URL"),
    ],
)
def test_text_places(line: str, place: str, text: str) -> None:
    message = refusal(f"# head\r\n\r\n{line}\r\n", "text")
    assert f"line 3, {place}: {text}" in message


def test_all_bad_lines_are_told_at_once_the_first_twenty_by_place() -> None:
    message = refusal("\n".join([f"{URL} sk-1", *["sk-SECRET"] * 23]))
    assert message.startswith("list: 23 places cannot be read; nothing was sent")
    assert "line 2, " in message
    assert "line 21, " in message
    assert "line 22, " not in message
    assert "... and 3 more" in message


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_every_line_ending(newline: str) -> None:
    assert len(read(newline.join([f"{URL} sk-1", f"{URL} sk-2"]))) == 2


@pytest.mark.parametrize(
    "text",
    [
        f"base_url,api_key\n{URL},{KEY}\n",
        f"\ufeffbase_url,api_key\n{URL},{KEY}\n",
        f"# exported\n\nbase_url,api_key\n# one\n{URL},{KEY}\n\n",
        f"api_key;base_url\n{KEY};{URL}\n",
        f"Base URL\tAPI-Key\n{URL}\t{KEY}\n",
        f"url | key\n{URL} | {KEY}\n",
        f'"base_url","api_key"\n"{URL}","Bearer {KEY}"\n',
        f"name,base_url,api_key\nfast,{URL},{KEY}\n",
        f"base_url,api_key,requested_models\n{URL},{KEY},\n",
        f"base_url,api_key,requested_models\n{URL},{KEY}\n",
    ],
)
def test_csv_with_header(text: str) -> None:
    assert read(text) == [{"base_url": URL, "api_key": KEY}]


@pytest.mark.parametrize("text", [f"{URL},{KEY}\n", f"{KEY};{URL}\n", f'"{URL}"\t"{KEY}"\n', f'#x\n"{URL}", "{KEY}"'])
def test_csv_without_header(text: str) -> None:
    assert read(text, "csv") == [{"base_url": URL, "api_key": KEY}]
    assert read(text) == [{"base_url": URL, "api_key": KEY}]


@pytest.mark.parametrize("models", ["gpt-5;kimi 2.6", "gpt-5|kimi 2.6", " gpt-5 ; kimi 2.6;"])
def test_csv_optional_columns(models: str) -> None:
    item = read(f"base_url,api_key,requested_models,legacy_provider_id\n{URL},{KEY},{models},old-7\n")[0]
    assert item == {
        "base_url": URL,
        "api_key": KEY,
        "requested_models": ["gpt-5", "kimi 2.6"],
        "legacy_provider_id": "old-7",
    }


def test_csv_tells_which_columns_it_did_not_use_but_not_what_they_hold() -> None:
    notes = read_list(f"base_url,sk-SECRET,api_key\n{URL},x,{KEY}\n".encode(), "list").notes
    assert notes == ("CSV columns that were not used: 2",)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("base_url,api_key\n,sk-SECRET\n", "line 2, column base_url: is empty"),
        (f"base_url,api_key\n{URL},\n", "line 2, column api_key: is empty"),
        (f"base_url,api_key\n{URL}\n", "line 2, column api_key: is empty"),
        (f"base_url,api_key\n{URL},sk-SECRET,x\n", "line 2, column 3: 3 columns where the header has 2"),
        (f"base_url,api_key\n{URL},sk SECRET\n", "line 2, column api_key: the key holds a blank"),
        (f'base_url,api_key\n{URL},sk-1\n"{URL},sk-SECRET\n', "line 3: not CSV"),
        (f'base_url,api_key,legacy_provider_id\n{URL},sk-1,"a\nb"\n,sk-SECRET,\n', "line 4, column base_url: is empty"),
        (f"base_url,model\n{URL},gpt-5\n", "line 1: the header has no column api_key"),
        (f"base_url,url,api_key\n{URL},{URL},sk-SECRET\n", "line 1: the header names base_url twice"),
    ],
)
def test_csv_places(text: str, place: str) -> None:
    assert place in refusal(text)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (f"{URL},sk-SECRET,gpt-5\n", "line 1: 3 columns; without a header there are two"),
        ("sk-SECRET,sk-SECRET2\n", "line 1: one of the two columns must be a base URL"),
        (f"{URL},sk SECRET\n", "line 1: one of the two columns"),
        (f"{URL},sk-SECRET密\n", "line 1, column 2: the key holds"),
    ],
)
def test_csv_places_without_header(text: str, place: str) -> None:
    assert place in refusal(text, "csv")
