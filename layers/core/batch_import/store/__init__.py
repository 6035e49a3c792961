"""DynamoDB is the only truth (design §4); three tables, no scan, every transition a conditional write."""
