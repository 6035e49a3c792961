"""Finding out what a relay is (docs/design.md#21-probe): model list, authentication, protocols."""
