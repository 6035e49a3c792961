"""The embedded stack: ``template.yaml`` in MiniStack, with a sandbox host and relays, on one machine."""
