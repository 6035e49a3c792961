"""Finding out what a relay is (seed 003, T2 and T3): model list, authentication, protocols."""
