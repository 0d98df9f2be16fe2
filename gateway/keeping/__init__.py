"""What is kept, for how long, and how it is brought to safety: retention, backup, restore."""
