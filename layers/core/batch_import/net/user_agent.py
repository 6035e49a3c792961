"""Who we say we are, to relays, host and AWS."""

# In the form that walls let through, with our own name: the names of HTTP libraries are turned away (Cloudflare 1010).
USER_AGENT = "Mozilla/5.0 (compatible; batch-import/0.1)"
