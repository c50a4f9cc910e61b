"""Open WebUI, installed and running on this machine, on loopback alone."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import time
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Self

import httpx

from tests.local_stack.options import ROOT
from tests.support.template import template

_REQUIREMENTS = ROOT / "tests" / "peer" / "requirements.txt"
_INSTALL_S, _START_S, _STOP_S, _ANSWER_S = 1_200, 180, 20, 120
_NOBODY_CALLS = {
    "ANONYMIZED_TELEMETRY": "false",
    "DO_NOT_TRACK": "true",
    "ENABLE_VERSION_UPDATE_CHECK": "false",
    "HF_HUB_OFFLINE": "1",
    "OFFLINE_MODE": "true",
    "RAG_EMBEDDING_ENGINE": "openai",  # else it loads a model of its own
    "ENABLE_OLLAMA_API": "false",
    "ENABLE_OPENAI_API": "false",
}


def installed(folder: Path, python: str) -> Path:
    """A Python with Open WebUI, in `folder`.

    Raises:
        OSError, SubprocessError: there is no such Python, or a package cannot be had.
    """
    print("installing Open WebUI, which takes some minutes", file=sys.stderr)
    environment = folder / "environment"
    subprocess.run([python, "-m", "venv", environment], check=True, timeout=_INSTALL_S)
    own = environment / "bin" / "python"
    subprocess.run(
        [own, "-m", "pip", "install", "-q", "--no-deps", "--require-hashes", "-r", _REQUIREMENTS],
        check=True,
        timeout=_INSTALL_S,
    )
    return own


class OpenWebUi(AbstractContextManager["OpenWebUi"]):
    """One that runs as long as the block.

    Args:
        python: has it.
        provider: where Gemini's API is.

    Attributes:
        path: where a picture is asked for.
    """

    path = "/api/v1/images/generations"

    def __init__(self, python: Path, folder: Path, provider: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self._administrator: dict[str, Any] | None = None
        self._log = (folder / "open-webui.log").open("wb")
        self._process = subprocess.Popen(
            [python.with_name("open-webui"), "serve", "--host", "127.0.0.1", "--port", str(port)],
            cwd=folder,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(folder),
                "DATA_DIR": str(folder),
                "WEBUI_SECRET_KEY": secrets.token_hex(32),
                "DEFAULT_USER_ROLE": "user",
                "ENABLE_IMAGE_GENERATION": "true",
                "IMAGE_GENERATION_ENGINE": "gemini",
                "IMAGE_GENERATION_MODEL": template()["Parameters"]["ImageModel"]["Default"],
                "IMAGES_GEMINI_API_BASE_URL": f"{provider}/v1beta",
                "IMAGES_GEMINI_API_KEY": "of no account",
                "IMAGES_GEMINI_ENDPOINT_METHOD": "generateContent",
                **_NOBODY_CALLS,
            },
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    def __enter__(self) -> Self:
        try:
            self._wait()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def signed_in(self, name: str) -> dict[str, Any]:
        """Arguments of a client of a new user's; the first signs up, and adds the others."""
        new = {"name": name, "email": f"{name}@peer.test", "password": "of this run alone"}
        if self._administrator is None:
            made = httpx.post(f"{self.url}/api/v1/auths/signup", json=new, timeout=_ANSWER_S)
        else:
            with httpx.Client(**self._administrator) as administrator:
                made = administrator.post("/api/v1/auths/add", json={**new, "role": "user"})
        headers = {"authorization": f"Bearer {made.raise_for_status().json()['token']}"}
        client = {"base_url": self.url, "headers": headers, "timeout": _ANSWER_S}
        self._administrator = self._administrator or client
        return client

    def _wait(self) -> None:
        until = time.monotonic() + _START_S
        while time.monotonic() < until:
            if self._process.poll() is not None:
                break
            try:
                if httpx.get(f"{self.url}/health").is_success:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.5)
        last = Path(self._log.name).read_text(errors="replace")[-2_000:]
        raise RuntimeError(f"Open WebUI did not start:\n{last}")

    def _stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()
