"""embed: from words and frames to vectors, each of a versioned space."""
