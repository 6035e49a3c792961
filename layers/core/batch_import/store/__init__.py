"""DynamoDB is the only truth (docs/design.md#4-state); three tables, no scan, every transition a conditional write."""
