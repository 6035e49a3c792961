"""sub2api's HTTP API, as far as it is used (host-facts; host-live wins). Its database is never touched."""
