"""Examples that are not read right yet: the tests tell as soon as one of them is."""

GAPS = {
    "llm: extra models",
    "Jan: settings",
    "CSV of a password manager",
    "gptel: protocol, host and endpoint",
    "gptel: host and endpoint",
    "parrotflume: addresses and keys in two maps",
}
