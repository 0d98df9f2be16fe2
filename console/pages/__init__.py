"""One module a page. Each has `add(gate)`, which registers it."""
