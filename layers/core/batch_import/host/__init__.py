"""sub2api's HTTP API, as far as it is used (docs/host-api.md). Its database is never touched."""
