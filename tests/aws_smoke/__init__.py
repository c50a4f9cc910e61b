"""Looks at a deployed stack as its operator and as a client, and prints what it found."""
