"""The whole system on one machine: ``template.yaml`` in MiniStack, with a sandbox host and relays beside it."""
