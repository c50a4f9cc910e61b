"""What people do beside painting: words, links, search, what is suggested, being told.

One short text is asked for, and no picture. What is shared is the picture that was brought.
"""

import re
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterator
from typing import Any

import httpx

from tests.aws_smoke.deployed import eventually
from tests.aws_smoke.rows import Check, Skipped, Wrong
from tests.aws_smoke.visit import QUICK_S, Visit
from tests.support.channel_client import is_event

_QUESTION = "Tell me in sixty words how the sea sounds."
_FILE = re.compile(r'<img src="(/cdn/shared/[0-9a-f]{64}\.webp)"')
_A_POINT = 65  # bytes: 4, and two numbers of P-256 (SEC 1, 2.3.3)
# Of a browser that nobody has; it is taken back before anything can be told. P-256's own point.
_P256DH = "BGsX0fLhLEJH-Lzm5WOkQPJ3A32BLeszoPShOUXYmMKWT-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU"
_KEYS = {"p256dh": _P256DH, "auth": "A" * 22}


class HabitSteps:
    """One person's habits.

    Args:
        picture: one that may be shared; raises Skipped if there is none.
    """

    def __init__(self, visit: Visit, picture: Callable[[], dict[str, Any]]) -> None:
        self._visit = visit
        self._picture = picture
        self._link = ""
        self._file = ""

    def checks(self) -> Iterator[Check]:
        """In the order of the visit, while the picture is there."""
        yield Check("client: words while they are written", self.words)
        yield Check("client: search", self.found)
        yield Check("client: what is suggested", self.suggested)
        yield Check("client: the key of Web Push", self.push_key)
        yield Check("client: a browser that is to be told", self.subscribed)
        yield Check("client: everything of one's own", self.exported)
        yield Check("client: a link to a picture", self.shared)
        yield Check("client: a link that is taken back", self.taken_back)

    def words(self) -> str:
        """They come before the answer has ended."""
        self._visit.unless_rejected()
        tab = self._visit.channel()
        told = len(tab.frames)
        ended = self._visit.answered(_QUESTION)
        if ended["meta"]["status"] != "complete":
            return self._visit.not_counted(ended)
        shown = len([frame for frame in tab.frames[told:] if is_event("message-delta")(frame)])
        length = len(ended["text"])
        if not shown:
            raise Wrong(f"{length} characters came at once, at the end")
        return f"{shown} times, then all {length} characters, {self._visit.waited():.1f} s"

    def found(self) -> str:
        """GET /search has what was asked, which an index need not have at once."""
        self._visit.needed(self._visit.posted, "nothing was said")

        def is_found() -> bool:
            said = self._visit.http().get("/search", params={"q": self._visit.asked})
            results = said.raise_for_status().json()["results"]
            return self._visit.chat_id in [result["chat"]["id"] for result in results]

        took = eventually(is_found, QUICK_S, 1)
        if took is None:
            raise Wrong(f"{self._visit.asked!r} is not found")
        return f"found after {took:.1f} s"

    def suggested(self) -> str:
        """GET /suggestions, and the samples through the edge."""
        listed = self._visit.http().get("/suggestions").raise_for_status().json()["suggestions"]
        if not listed:
            raise Skipped("Suggestions is empty")
        samples = [one["thumbnail_url"] for one in listed if one["thumbnail_url"]]
        for address in samples:
            httpx.get(address).raise_for_status()
        ready = sum(one["ready"] for one in listed)
        return f"{len(listed)}, {len(samples)} with a sample, {ready} with a picture ready"

    def push_key(self) -> str:
        """GET /config.json has a key by which browsers can subscribe."""
        self._hosts()
        key = self._visit.stack.http().get("/config.json").raise_for_status().json()
        point = urlsafe_b64decode(f"{key['push_public_key']}==")
        if len(point) != _A_POINT or point[0] != 4:
            raise Wrong(f"{key['push_public_key']!r} is no point of P-256")
        return str(key["push_public_key"])

    def subscribed(self) -> str:
        """PUT /push/subscription, and DELETE."""
        host = self._hosts()[0].replace("*", "smoke")
        scheme = "" if host.startswith("http") else "https://"
        given = {"endpoint": f"{scheme}{host}/smoke", "keys": _KEYS}
        http = self._visit.http()
        http.put("/push/subscription", json=given).raise_for_status()
        ended = http.request("DELETE", "/push/subscription", json={"endpoint": given["endpoint"]})
        ended.raise_for_status()
        return f"of {host}, and no more"

    def _hosts(self) -> list[str]:
        if not (hosts := self._visit.stack.config["push_hosts"]):
            raise Skipped("PushHosts is empty")
        return hosts.split(",")

    def exported(self) -> str:
        """GET /me/export, its first page."""
        page = self._visit.http().get("/me/export").raise_for_status().json()
        listed = {kind: len(rows) for kind, rows in page.items() if isinstance(rows, list)}
        if not page["next_cursor"] and not any(listed.values()):
            raise Wrong("it is empty")
        return ", ".join(f"{count} {kind}" for kind, count in listed.items())

    def shared(self) -> str:
        """Its page and its file open without a token; asked for by HEAD, too."""
        path = f"/images/{self._picture()['id']}/share"
        link = self._visit.http().put(path, json={"days": 1}).raise_for_status().json()["url"]
        page = httpx.get(link).raise_for_status()
        httpx.head(link).raise_for_status()
        named = _FILE.search(page.text)
        if named is None:
            raise Wrong(f"{page.headers['content-type']} without the picture")
        file = str(httpx.URL(link).join(named.group(1)))
        shown = httpx.get(file).raise_for_status()
        self._link, self._file = link, file
        return f"a page of {len(page.content)} bytes, a picture of {len(shown.content)}"

    def taken_back(self) -> str:
        """Page and file are gone, at the edge as well."""
        if not self._link:
            raise Skipped("nothing was shared")
        path = f"/images/{self._picture()['id']}/share"
        self._visit.http().delete(path).raise_for_status()
        if (status := httpx.get(self._link).status_code) != httpx.codes.NOT_FOUND:
            raise Wrong(f"its page still answers {status}")
        took = eventually(lambda: httpx.get(self._file).is_error, self._visit.stack.patience, 1)
        if took is None:
            raise Wrong(f"the edge still serves its file after {self._visit.stack.patience:.0f} s")
        return f"404 for the page at once, no file at the edge after {took:.0f} s"
