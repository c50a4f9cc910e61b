"""The WebSocket protocol with API Gateway's limits on frames and messages.

Page "Quotas for configuring and running a WebSocket API in API Gateway": frame size 32 KB, message
payload 128 KB; "if a message exceeds … 32 KB, you must split it into multiple frames"; "if a larger
message is received, the connection is closed with code 1009".
"""

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame

MAX_FRAME_BYTES = 32 * 1024
MAX_MESSAGE_BYTES = 128 * 1024
_MESSAGE_TOO_BIG = 1009


class LimitedFrames(WebSocketsSansIOProtocol):
    """uvicorn's protocol, closing the connection on a frame over 32 KB."""

    def handle_text(self, event: Frame) -> None:
        """A text frame, the first of its message."""
        if self._fits(event):
            super().handle_text(event)

    def handle_bytes(self, event: Frame) -> None:
        """A binary frame, the first of its message."""
        if self._fits(event):
            super().handle_bytes(event)

    def handle_cont(self, event: Frame) -> None:
        """A further frame of a message."""
        if self._fits(event):
            super().handle_cont(event)

    def _fits(self, frame: Frame) -> bool:
        if self.close_sent:
            return False
        if len(frame.data) <= MAX_FRAME_BYTES:
            return True
        self.conn.fail(_MESSAGE_TOO_BIG, "frame over 32 KB")
        self.handle_parser_exception()
        return False
