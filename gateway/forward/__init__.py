"""Brings what telemetry has stored to an InfluxDB, and reads back what is past its keeping here."""
