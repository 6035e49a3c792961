"""Examples that are not read right yet: the tests tell as soon as one of them is."""

GAPS = {
    "gptel: protocol, host and endpoint",
    "parrotflume: addresses and keys in two maps",
}
