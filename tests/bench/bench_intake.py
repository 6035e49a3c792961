"""Seconds for 10,000 pasted lines.

PYTHONPATH=layers/core python tests/bench/bench_intake.py
"""

import time

from batch_import.intake import parse


def main() -> None:
    text = "".join(f"https://r{number}.example/v1 sk-{number:032x}\n" for number in range(10_000))
    started = time.perf_counter()
    summary = parse(text).summary
    print(f"10,000 lines: {time.perf_counter() - started:.2f} s, {summary}")


if __name__ == "__main__":
    main()
