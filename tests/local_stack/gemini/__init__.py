"""A stand-in for Google's Gemini API that runs on this machine.

It speaks the wire format of generativelanguage.googleapis.com, chats a little, paints real pictures
from prompts and misbehaves on request (`PUT /dev/gemini`). No key is checked and nothing leaves the
computer. `python -m tests.local_stack.gemini --help` starts it.
"""
