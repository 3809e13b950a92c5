"""Small models that run on this machine; their weights come inside ordinary packages, checked by hash."""
