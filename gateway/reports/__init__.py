"""Reports and exports: what is read for them, and one renderer a format."""
