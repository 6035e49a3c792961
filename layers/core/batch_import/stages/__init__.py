"""The stages of an item: probe, provision, confirm, validate; and what they share."""
