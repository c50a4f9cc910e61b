"""The page in a real browser, one for all of these tests."""
