"""Messages to people and occupants: through Apprise, by channels whose addresses are secrets."""
