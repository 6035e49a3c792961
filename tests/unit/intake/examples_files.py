"""The lists of public reports, as files."""

from pathlib import Path

from tests.unit.intake.example import TWO, Example, K, Right, U

_LISTS = Path(__file__).parent / "lists"
_RIGHT = {
    "I01.txt": TWO,
    "I02.txt": [Right(), Right(U, "sk-AAAA0002"), Right(U, "sk-AAAA0003")],
    "I03.txt": [Right(), Right(U, "sk-AAAA0002"), Right(U, "sk-AAAA0003")],
    "I03c.csv": [Right(), Right(U, "sk-AAAA0002")],
    "I04b.txt": [Right(platform="anthropic")],
    "I05.txt": [Right(models=("gpt-5",))],
    "I06d.md": [Right(label="A")],
    "I07.txt": [Right(label="主站")],
    "I08.txt": [Right(label="Relay")],
    "I09.txt": [Right(label="relay")],
    "I10.json": [
        Right(models=("gpt-5", "gpt-5-mini"), label="relay"),
        Right(U, "sk-AAAA0002", ("gpt-5", "gpt-5-mini"), "relay"),
    ],
    "I10b.json": [Right(models=("gpt-5",), label="relay")],
    "I11.json": [Right(models=("gpt-5",), label="relay")],
    "I12.json": [Right(models=("gpt-5",), label="relay"), Right(U, "sk-AAAA0002", ("gpt-5",), "relay")],
    "I13.json": [Right(label="relay", platform="openai")],
    "I14.json": [Right(label="relay")],
    "I15.txt": [Right(), Right(U, "sk-AAAA0002")],
    "I17.txt": [Right(notes=("invisible_removed",))],
    "I17b.txt": [Right(notes=("invisible_removed",))],
    "I20e.txt": [Right(label="主站")],
    "I36.csv": [Right(models=("gpt-5.2", "gpt-5-mini"), label="A")],
}
EXAMPLES = [
    Example(path.name, path.read_text("utf-8"), _RIGHT.get(path.name, [Right(U, K)]))
    for path in sorted(_LISTS.iterdir())
]
