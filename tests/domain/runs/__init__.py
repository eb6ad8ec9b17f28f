"""Generated runs: strategies on routes of every kind, while people, crashes and others interfere."""
