"""Examples that are not read right yet: the tests tell as soon as one of them is."""

GAPS = {
    "OpenHands report: a log",
    "sub2api: page of a key",
    "address behind the table",
    "key split over two lines",
    "JSON: accounts with cookies and keys",
}
