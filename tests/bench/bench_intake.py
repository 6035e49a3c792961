"""Processor seconds for 10,000 pasted lines of each form; wanted: half a second at most.

PYTHONPATH=layers/core python tests/bench/bench_intake.py
"""

import time

from batch_import.intake import parse

LINES = 10_000
_KEY = "sk-%032x"
FORMS = {
    "pairs": f"https://r%d.example/v1 {_KEY}\n",
    "blocks": f"地址：https://r%d.example/v1\n密钥：{_KEY}\n",
    "CSV": f"site %d,https://r%d.example/v1,{_KEY}\n",
    "JSON lines": f'{{"base_url":"https://r%d.example/v1","api_key":"{_KEY}"}}\n',
    "YAML": f"- base_url: https://r%d.example/v1\n  api_key: {_KEY}\n",
    "variables": f"A%d_BASE_URL=https://r.example/v1\nA%d_API_KEY={_KEY}\n",
    "prose": "大家好，今天分享一个公益站 number %d, words; more words here (and here)\n",
}
_HEADERS = {"CSV": "name,base_url,api_key\n"}


def text_of(name: str) -> str:
    """``LINES`` lines of one form."""
    piece = FORMS[name]
    fields = piece.count("%")
    pieces = (piece % ((number,) * fields) for number in range(LINES // piece.count("\n")))
    return _HEADERS.get(name, "") + "".join(pieces)


def main() -> None:
    for name in FORMS:
        text = text_of(name)
        started = time.process_time()
        summary = parse(text).summary
        print(f"{name}: {time.process_time() - started:.2f} s, {summary}")


if __name__ == "__main__":
    main()
