"""HTTP to relays and host: guarded addresses, deadlines."""
