"""The package as it is packed: what is in it, where it is imported, and what compiles with it."""

import json
import re
import shutil
import tarfile
from pathlib import Path

import pytest
from tests.client.conftest import CLIENT, HERE, QUIETLY, run

STATIC = CLIENT.parent / "functions" / "web_page" / "static"
STRICT = {"strict": True, "noEmit": True, "target": "es2022", "types": []}
HOOKS = {"module": "esnext", "moduleResolution": "bundler", "jsx": "react-jsx"}


def text_of(packed: Path, name: str) -> str:
    with tarfile.open(packed) as archive:
        file = archive.extractfile(f"package/{name}")
        assert file is not None
        return file.read().decode()


def node(folder: Path, name: str) -> str:
    """What a module of this folder prints in another."""
    shutil.copy(HERE / name, folder)
    return run(["node", name], folder)


def compile_strictly(project: Path, name: str, **options: object) -> None:
    if (HERE / name).exists():
        shutil.copy(HERE / name, project)
    configuration = {"compilerOptions": {**STRICT, **options}, "files": [name]}
    (project / "tsconfig.json").write_text(json.dumps(configuration))
    run(["node", "node_modules/typescript/bin/tsc"], project)


def test_what_is_packed_is_complete_and_the_pages_own(packed: Path) -> None:
    with tarfile.open(packed) as archive:
        names = {name.removeprefix("package/") for name in archive.getnames()}

    named = json.loads((CLIENT / "package.json").read_text())["files"]
    assert names == {*named, "package.json", "README.md", "LICENSE"}
    for kind in ("js", "d.ts"):
        own = (STATIC / f"unified_channel.{kind}").read_text("utf-8")
        assert text_of(packed, f"index.{kind}") == own


def test_hooks_are_for_the_client_and_the_channel_is_for_everywhere(packed: Path) -> None:
    assert text_of(packed, "react.js").splitlines()[0] == '"use client";'
    assert "use client" not in text_of(packed, "index.js")


def test_it_is_taken_by_an_empty_folder_and_by_node_without_globals(
    npm: str, packed: Path, tmp_path: Path
) -> None:
    run([npm, "install", *QUIETLY, str(packed)], tmp_path)

    found = json.loads(node(tmp_path, "without_globals.mjs"))

    assert sorted(found["names"]) == ["ApiError", "UnifiedChannel", "backoff"]
    assert found["asked"] == ["/realtime/events", "/realtime/events?after=1"]  # and no ticket
    own = "Error: a listener's own"
    assert found["said"] == [own, "connected", own, "closed"]


def test_what_the_hooks_declare_is_there(packed: Path, project: Path) -> None:
    print_names = 'console.log(Object.keys(await import("afterimage-client/react")).join(" "))'
    there = run(["node", "--input-type=module", "-e", print_names], project).split()

    declared = re.findall(r"^export function (\w+)", text_of(packed, "react.d.ts"), re.MULTILINE)
    assert set(there) == set(declared)


@pytest.mark.parametrize("exact", [True, False])
def test_the_hooks_compile_in_strict_mode(project: Path, exact: bool) -> None:
    lib = ["es2022", "dom"]
    compile_strictly(project, "app.tsx", **HOOKS, lib=lib, exactOptionalPropertyTypes=exact)


def test_the_channel_compiles_without_the_types_of_a_browser(project: Path) -> None:
    strictest = {"lib": ["es2022"], "exactOptionalPropertyTypes": True}
    compile_strictly(project, "bare.mts", **strictest, module="nodenext")


def test_publint_finds_nothing(project: Path) -> None:
    publint = "node_modules/publint/src/cli.js"
    run(["node", publint, "--strict", "node_modules/afterimage-client"], project)


def test_on_a_server_an_empty_chat_is_rendered_and_nothing_is_asked(project: Path) -> None:
    found = json.loads(node(project, "on_a_server.mjs"))

    assert found["touched"] == []
    assert found["html"].startswith("0 0 connecting true<div")
