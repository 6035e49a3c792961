from tests.unit.intake.example import Example

EXAMPLES: list[Example] = []
