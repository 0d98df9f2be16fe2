"""Decides everything, does nothing: pure functions and values. No clock, no randomness, no I/O.

Instants are Unix milliseconds UTC (`Instant`), durations are milliseconds (`…_ms`).
"""
