"""The control room's web pages: a process of its own, and a client of the public HTTP API alone."""
