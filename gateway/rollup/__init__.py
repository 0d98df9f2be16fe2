"""Energy by the hour, made of telemetry as hours close and kept for years after it."""

from gateway.rollup.file import RollUp
from gateway.rollup.making import make

__all__ = ["RollUp", "make"]
