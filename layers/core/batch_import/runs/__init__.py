"""Runs: created, listed, retried, reconciled, cleaned up."""
