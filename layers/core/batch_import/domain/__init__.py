"""Pure rules: no AWS, no Powertools, no HTTP client, no clock and no randomness of its own."""
