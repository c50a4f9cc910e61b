"""Small talk: a friendly sentence or two that depends on the conversation and nothing else."""

import hashlib
import re
from collections.abc import Callable
from itertools import cycle, islice

from tests.local_stack.gemini.conversation import count_parts, user_texts
from tests.local_stack.gemini.picture_request import picture_prompt, wants_picture
from tests.local_stack.gemini.wire import Json

NAME_GIVEN = re.compile(
    r"\b(?:my name is|my name's|call me|i am called|ich hei(?:ß|ss)e|mein name ist)\s+([\w'-]+)",
    re.IGNORECASE,
)
STORY = (
    "Once a lamp on a quiet harbour wall fell in love with the moon. Every night it shone a little "
    "brighter to be noticed, until the ships began to steer by it. The moon never answered, but "
    "nobody was lost at sea again."
)
LENGTH = re.compile(r"\bin (\d{1,5}) words\b")
MOST_WORDS = 5_000
LONGEST_NAME = 6  # words
SMALL_WORDS = re.compile(
    r"\s(?:an?|the|of|in|on|at|to|and|with|for|by|der|die|das|eine?|und|im|mit)$", re.IGNORECASE
)
THOUGHTS = (
    "That is a good thing to think about: {topic}. What drew you to it?",
    "I like where this is going. When you say “{topic}”, I picture a lot of light in it.",
    "Happily. About “{topic}”: I would start small, and keep what surprises you.",
    "“{topic}” — there is more in that than it seems. Shall we go into detail?",
    "Good question. My short answer to “{topic}” is: whatever lasts.",
)


def reply(contents: list[Json]) -> str:
    if count_parts(contents[-1], "functionResponse"):
        return _after_tool(contents)
    said = list(user_texts(contents))
    if not said:
        return "I am listening. What would you like to talk about, or see painted?"
    question = said[-1].lower()
    for pattern, answer in REPLIES:
        if re.search(pattern, question):
            return answer(said)
    digest = hashlib.sha256("\n".join(said).encode()).digest()
    topic = said[-1].rstrip(" .!?")
    shown = topic if len(topic) <= 80 else topic[:77] + "…"
    return THOUGHTS[digest[0] % len(THOUGHTS)].format(topic=shown)


def chat_name(question: str) -> str:
    """A few of its words, beginning behind what only asks for a picture."""
    about = picture_prompt(question) if wants_picture(question) else question
    words = about.split()
    name = " ".join(words[:LONGEST_NAME])
    if len(words) > LONGEST_NAME and "," in name:
        name = name.rpartition(",")[0]  # half a thought is no name
    name = SMALL_WORDS.sub("", SMALL_WORDS.sub("", name)).strip(" .!?,;:")
    return name[:1].upper() + name[1:]


def _name(said: list[str]) -> str:
    for text in reversed(said):
        found = NAME_GIVEN.search(text)
        if found:
            return f"Your name is {found.group(1)}."
    return "You have not told me your name yet."


def _greet_by_name(said: list[str]) -> str:
    found = NAME_GIVEN.search(said[-1])
    return f"Nice to meet you, {found.group(1) if found else 'friend'}! What shall we make today?"


def _recall(said: list[str]) -> str:
    earlier = said[:-1]
    if not earlier:
        return "This is the first thing you have said to me."
    wanted = earlier[0] if "first" in said[-1].lower() else earlier[-1]
    return f"You said: “{wanted}”"


def _constantly(sentence: str) -> Callable[[list[str]], str]:
    return lambda _said: sentence


def _at_length(said: list[str]) -> str:
    """The story again and again, with as many words as were asked for."""
    found = LENGTH.search(said[-1])
    wanted = min(int(found.group(1)), MOST_WORDS) if found else 0
    return " ".join(islice(cycle(STORY.split()), wanted))


REPLIES: tuple[tuple[str, Callable[[list[str]], str]], ...] = (
    (LENGTH.pattern, _at_length),
    (r"what(?:'s| is) my name|who am i|wie hei(?:ß|ss)e ich", _name),
    (NAME_GIVEN.pattern, _greet_by_name),
    (r"what did i (?:just |first )?(?:say|ask|tell|write)|was habe ich gesagt", _recall),
    (r"\bstory\b|geschichte", _constantly(STORY)),
    (
        r"^(?:hi|hello|hey|good (?:morning|evening)|hallo|guten tag)\b",
        _constantly("Hello! Tell me what is on your mind, or ask me to paint something."),
    ),
    (
        r"who are you|what are you|wer bist du",
        _constantly("I am a simulated Gemini: I chat a little and paint with code."),
    ),
    (r"how are you|wie geht", _constantly("Very well, thank you. My brushes are clean. And you?")),
    (r"\bthanks?\b|\bdanke\b", _constantly("You are welcome!")),
)


def _after_tool(contents: list[Json]) -> str:
    """The sentence that goes with a tool's result."""
    results = [
        part["functionResponse"] for part in contents[-1]["parts"] if "functionResponse" in part
    ]
    if any("error" in result.get("response", {}) for result in results):
        return "I am sorry, that picture could not be painted. Shall I try it another way?"
    calls = [
        part["functionCall"].get("args") or {}
        for part in contents[-2]["parts"]
        if "functionCall" in part
    ]
    prompt = next((call["prompt"] for call in calls if isinstance(call.get("prompt"), str)), "")
    return f"Here is your picture: {prompt.rstrip('.')}." if prompt else "There you are."
