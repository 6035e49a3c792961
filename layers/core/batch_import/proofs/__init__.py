"""The proof of an account in private, and what it needs in the host."""
