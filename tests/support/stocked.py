"""A stock that a test fills itself: the stack paints nothing for it."""

from __future__ import annotations

from collections.abc import Mapping

from ulid import ULID

from afterimage.adapters.dynamodb.stock_rows import picture_row
from afterimage.adapters.pictures import PillowStudio, WebpSettings
from afterimage.domain import ids
from afterimage.domain.stock import StockPicture, ready_name
from afterimage.domain.suggestions import Suggestion
from tests.local_stack.testing import RunningStack
from tests.support.builders import an_image

SUGGESTION = Suggestion(text="paint a boat that was expected")
# How a stack is started that suggests it.
ARGUMENTS = (
    f'--parameter=Suggestions=[{{"text": "{SUGGESTION.text}"}}]',
    "--parameter=StockPicturesADay=0",
)


def put_picture(stack: RunningStack, files: Mapping[str, bytes]) -> None:
    """One that somebody may take. Args: files: by their names in `IMAGE_FILES`."""
    picture = str(ULID())
    place = ids.stock_folder(SUGGESTION.id, picture)
    image = an_image(id=picture, message_id=None, chat_id=None, key=f"{place}full.webp")
    row = picture_row(StockPicture(SUGGESTION.id, ready_name(picture), image, "a model", 0))
    s3, bucket = stack.aws("s3"), stack.name("ImagesBucket")
    for name, data in files.items():
        s3.put_object(Bucket=bucket, Key=f"{place}{name}", Body=data)
    stack.aws("dynamodb").put_item(TableName=stack.name("StockTable"), Item=row.serialize())


def files_of(original: bytes) -> dict[str, bytes]:
    """All files of a picture, as the painter makes them of what the model gave."""
    picture = PillowStudio(WebpSettings()).decode(original)
    return {
        "original": original,
        "full.webp": picture.full().data,
        "thumbnail.webp": picture.thumbnail().data,
        "small.webp": picture.small().data,
    }
