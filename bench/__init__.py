"""`make bench`: what Tocsin costs, measured on this machine against targets, as ratios where its noise would tell.

Prints and never judges: no test asserts on a time. `tests/bench/` runs each benchmark small, so that none can rot.
"""
