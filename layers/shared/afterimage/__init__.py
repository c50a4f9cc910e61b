"""Afterimage: the backend of a chat that paints.

`domain` holds the words and rules, `use_cases` what the bundle does (start with
`use_cases/answer_message.py` and `use_cases/create_image.py`), `ports` what they need,
`adapters` how AWS and Gemini provide it, `http` the way in from API Gateway, and `wiring`
puts them together.
"""
