"""Pictures from words, with Pillow alone: what the simulated image models answer."""

from tests.local_stack.gemini.painting.painter import paint

__all__ = ["paint"]
