"""Batch Auto-Import: every rule of the system. Handlers (functions/) and the command line (cli/) stay outside."""

__version__ = "0.1.0"
