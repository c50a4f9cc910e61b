"""Clients that generators make of the two descriptions, as the documentation says it."""

import base64
import io
import json
from pathlib import Path

import pytest
from PIL import Image
from tests.client.conftest import HERE, run
from tests.client.test_package import compile_strictly, node
from tests.local_stack.testing import RunningStack
from tests.support.docs import code_blocks
from ulid import ULID

from afterimage.http import asyncapi, openapi

(LINES,) = code_blocks("embed", "Generated clients", "ts")


@pytest.fixture(scope="module")
def client(project: Path) -> Path:
    """A program of the documented lines, compiled in strict mode."""
    description = json.dumps(openapi.document("https://page.test"))
    (project / "openapi.json").write_text(description)
    generator = "node_modules/openapi-typescript/bin/cli.js"
    run(["node", generator, "openapi.json", "-o", "afterimage.ts"], project)
    program = (HERE / "generated.mts").read_text().replace("/* documented */", LINES)
    (project / "program.mts").write_text(program)
    written = {"noEmit": False, "outDir": "built", "lib": ["es2022", "dom"]}
    compile_strictly(project, "program.mts", **written, module="nodenext")
    return project / "built" / "program.mjs"


def test_the_documented_lines_send_words_and_bytes(
    project: Path, client: Path, stack: RunningStack
) -> None:
    file = io.BytesIO()
    Image.new("RGB", (64, 64), (200, 30, 30)).save(file, "PNG")
    image_id, bytes_ = str(ULID()), base64.b64encode(file.getvalue()).decode()

    said = run(["node", str(client), stack.url, stack.token("alice"), image_id, bytes_], project)

    assert json.loads(said) == [200, 201, None, True]


def test_every_type_of_the_channels_frames_has_a_name(project: Path) -> None:
    (project / "asyncapi.json").write_text(json.dumps(asyncapi.document("wss://channel.test/live")))

    names = json.loads(node(project, "models.mjs"))

    assert names
    assert [name for name in names if "Anonymous" in name] == []
