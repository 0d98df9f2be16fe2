"""Figures over many incidents and meters: what is read for them."""
