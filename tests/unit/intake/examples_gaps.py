"""Examples that are not read right yet: the tests tell as soon as one of them is."""

GAPS = {
    "OpenHands report: a log",
    "sub2api: page of a key",
    "JSON: accounts with cookies and keys",
}
