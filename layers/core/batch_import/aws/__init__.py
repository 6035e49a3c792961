"""SQS, settings, logging and metrics."""
