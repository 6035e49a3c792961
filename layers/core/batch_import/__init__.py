"""Batch Auto-Import: every rule of the system. Doors (functions/, cli/) stay outside."""
