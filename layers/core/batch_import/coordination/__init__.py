"""Between workers: circuit breakers, provider locks, leased resources, semaphores."""
