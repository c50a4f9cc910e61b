"""The ten pictures that every part asks for, each of another kind."""

PROMPTS = (
    "Paint a sunset over the sea with a small boat",
    "Paint snowy mountains in the morning",
    "Paint a fox in a forest",
    "Paint a city at night in the rain",
    "Paint a lighthouse on the coast under clouds",
    "Paint a meadow full of poppies",
    "Paint a cat in the garden",
    "Paint balloons over the hills at sunrise",
    "Paint a house by a frozen lake under the northern lights",
    "Paint an abstract swirl of blue and gold",
)
