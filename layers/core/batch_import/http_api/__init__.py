"""The HTTP API beyond its routes: use cases, authorization, error answers."""
