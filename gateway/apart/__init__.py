"""The API in a process of its own, so that no number of people who look can hold up an alarm."""
