"""Looks at an account before anything is made in it, and says what would go wrong."""
