"""Full-text search of incidents: an index beside the store that follows it, and is made anew whenever it is missing."""
