"""Examples that are not read right yet: the tests tell as soon as one of them is."""

GAPS = {
    "Continue report: defaults by an anchor",
    "gptel: protocol, host and endpoint",
    "parrotflume: addresses and keys in two maps",
}
