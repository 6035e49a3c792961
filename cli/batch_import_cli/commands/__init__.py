"""One module per group of commands; each parses, calls the API, and shows the answer."""
