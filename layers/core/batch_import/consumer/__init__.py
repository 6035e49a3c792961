"""From an SQS event to a stage: batch, lease, admit, hand on."""
