"""Trying out what is not in force, in child processes with limits, so that no reading and no request waits for it."""
