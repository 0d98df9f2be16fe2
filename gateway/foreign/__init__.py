"""Formats that are not Tocsin's own: who listens to which topic, whose words are which metric, who is not assigned."""
