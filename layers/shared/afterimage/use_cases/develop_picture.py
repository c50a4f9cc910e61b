"""Developing: a decoded picture becomes files, side by side, painted or brought."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, wait
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ParamSpec, TypeVar

from afterimage.domain import ids
from afterimage.domain.errors import NoImage
from afterimage.domain.images import Image, Origin
from afterimage.domain.seen import goes_as_it_is
from afterimage.ports.pictures import DecodedPicture, PictureStore
from afterimage.ports.system import Log

P = ParamSpec("P")
ResultT = TypeVar("ResultT")
Decode = Callable[[bytes], DecodedPicture]


class Running:
    """Work side by side that does not outlive the invocation.

    Whatever is purged later must have arrived by then, so uploads are waited for even when
    something else has failed.
    """

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._begun: list[Future[Any]] = []

    def begin(self, work: Callable[P, ResultT], *args: P.args, **kw: P.kwargs) -> Future[ResultT]:
        future = self._executor.submit(work, *args, **kw)
        self._begun.append(future)
        return future

    def wait(self) -> None:
        wait(self._begun)


@dataclass(frozen=True)
class PictureFiles:
    """S3 keys of one picture, and the cache tags of what is shown.

    Attributes:
        id: of the picture.
        tags: worked out beside other work, because a new process reads a secret for them.
    """

    id: str
    original: str
    full: str
    thumbnail: str
    small: str
    tags: Future[Sequence[str]]

    @classmethod
    def of(cls, user_id: str, image_id: str, tags: Future[Sequence[str]]) -> PictureFiles:
        return cls.in_folder(image_id, ids.picture_folder(user_id, image_id), tags)

    @classmethod
    def in_folder(cls, image_id: str, folder: str, tags: Future[Sequence[str]]) -> PictureFiles:
        original, full, thumbnail, small = ids.files_in(folder)
        return cls(image_id, original, full, thumbnail, small, tags)


@dataclass(frozen=True)
class Developed:
    """What is known of a picture whose files are stored. Attributes are those of `Image`."""

    files: PictureFiles
    width: int
    height: int
    size: int
    color: str
    thumbhash: str

    def image(
        self,
        created_at: datetime,
        *,
        message_id: str | None = None,
        chat_id: str | None = None,
        prompt: str = "",
        origin: Origin = Origin.PAINTED,
        source_image_ids: tuple[str, ...] = (),
    ) -> Image:
        """The picture as it stands in the gallery. Arguments are those of `Image`."""
        return Image(
            id=self.files.id,
            message_id=message_id,
            chat_id=chat_id,
            prompt=prompt,
            created_at=created_at,
            key=self.files.full,
            thumbnail_key=self.files.thumbnail,
            width=self.width,
            height=self.height,
            size=self.size,
            color=self.color,
            thumbhash=self.thumbhash,
            tagged=True,
            origin=origin,
            source_image_ids=source_image_ids,
        )


class LastDraft:
    """The newest of a model's drafts: the picture, if nothing that is finished can be read.

    Args:
        show: what else is done with each; it returns at once and raises nothing.
    """

    def __init__(self, show: Callable[[bytes], None]) -> None:
        self._show = show
        self._data: bytes | None = None

    def __call__(self, draft: bytes) -> None:
        self._data = draft
        self._show(draft)

    def behind(self, came: Sequence[bytes]) -> Sequence[bytes]:
        """What came, and the draft behind it; the model has been paid for it, too."""
        return [*came, *filter(None, [self._data])]


def develop(
    running: Running, pictures: PictureStore, picture: DecodedPicture, files: PictureFiles
) -> Developed:
    """The picture with its files uploaded, all but the original."""

    def store_thumbnail() -> tuple[str, str]:
        """What stands for the picture until it is loaded: colour and thumbhash, too."""
        pictures.put_webp(files.thumbnail, picture.thumbnail().data, files.tags.result())
        return picture.color(), picture.thumbhash()

    def store_small() -> None:
        """What a text model is shown of it in later questions, unless that is the full one."""
        pictures.put_webp(files.small, picture.small().data, files.tags.result())

    thumbnail = running.begin(store_thumbnail)
    full = picture.full()
    size = len(full.data)
    # While the large file goes up the processor is idle.
    is_shown = goes_as_it_is(full.width, full.height, size)
    small = None if is_shown else running.begin(store_small)
    pictures.put_webp(files.full, full.data, files.tags.result())
    color, thumbhash = thumbnail.result()
    if small is not None:
        small.result()
    return Developed(files, full.width, full.height, size, color, thumbhash)


def readable(
    came: Sequence[bytes], decode: Decode, log: Log
) -> Iterator[tuple[int, bytes, DecodedPicture]]:
    """Those of an answer's pictures that can be read, each with its place, from 0.

    What cannot be read is not worth losing the others, and nothing of it is stored.
    """
    for place, data in enumerate(came):
        try:
            picture = decode(data)
        except NoImage as reason:
            log.warning("image_generate_picture_dropped", reason=str(reason))
            continue
        yield place, data, picture
