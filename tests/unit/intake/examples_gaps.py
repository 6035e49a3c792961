"""Examples that are not read right yet: the tests tell as soon as one of them is."""

GAPS = {
    "OpenHands report: a log",
}
