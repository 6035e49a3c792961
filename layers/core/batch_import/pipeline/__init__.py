"""The use cases: what happens to a run and its items, stage by stage. Adapters come in as parameters."""
