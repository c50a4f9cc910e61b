"""What `keeper` finishes deletions with."""

from __future__ import annotations

from afterimage import settings
from afterimage.adapters.cache_tags import HmacTags
from afterimage.adapters.dynamodb import readers
from afterimage.adapters.dynamodb.deletions import DynamoDbDeletions, DynamoDbRemoval
from afterimage.adapters.dynamodb.ledger import DynamoDbLedger
from afterimage.adapters.dynamodb.shares import DynamoDbShares
from afterimage.adapters.edge import CloudFrontEdge
from afterimage.adapters.s3 import S3Pictures
from afterimage.adapters.share_tokens import HmacShareTokens
from afterimage.use_cases.empty_account import EmptyAccount
from afterimage.use_cases.empty_chat import EmptyChat
from afterimage.use_cases.empty_line import EmptyLine
from afterimage.use_cases.end_share import EndShare
from afterimage.use_cases.end_shares import EndShares
from afterimage.use_cases.finish_deletion import FinishDeletion
from afterimage.wiring.connected import COPY_TIME, Channelled, upload_time
from afterimage.wiring.removing import remove_pair


def finish_deletion(
    base: Channelled, configured: settings.KeeperSettings, pictures: S3Pictures
) -> FinishDeletion:
    """All that a deletion may have to take along. Makes no call."""
    deletions, rows = DynamoDbDeletions(), DynamoDbRemoval()
    edge = CloudFrontEdge(
        client=base.aws.client("cloudfront"),
        distribution_id=base.public("distribution_id"),
        log=base.log,
    )
    secret = base.fixed_secret(configured.pseudonym_secret)
    tags, tokens, shares = HmacTags(secret), HmacShareTokens(secret), DynamoDbShares()
    end_shares = EndShares(
        deletions=deletions,
        shares=shares,
        tokens=tokens,
        pictures=pictures,
        edge=edge,
        clock=base.clock,
        copy_time=COPY_TIME,
    )
    empty_chat = EmptyChat(
        channel=base.channel,
        messages=readers.DynamoDbMessages(),
        jobs=DynamoDbLedger(),
        deletions=deletions,
        rows=rows,
        shares=end_shares,
        pictures=pictures,
        edge=edge,
        tags=tags,
        clock=base.clock,
        upload_time=upload_time(configured.image_timeout),
        log=base.log,
        metrics=base.metrics,
    )
    empty_line = EmptyLine(
        lines=base.lines,
        remove=remove_pair(base, tokens, configured.image_timeout),
        clock=base.clock,
        log=base.log,
    )
    empty_account = EmptyAccount(
        channel=base.channel,
        account=rows,
        chats=rows,
        shares=end_shares,
        folder=pictures,
        pictures=pictures,
        edge=edge,
        tags=tags,
        clock=base.clock,
    )
    return FinishDeletion(
        deletions=deletions,
        empty_chat=empty_chat,
        empty_line=empty_line,
        empty_account=empty_account,
        end_share=EndShare(
            channel=base.channel,
            images=readers.DynamoDbImages(),
            messages=readers.DynamoDbMessages(),
            shares=shares,
            tokens=tokens,
            pictures=pictures,
            edge=edge,
            clock=base.clock,
        ),
        rows=rows,
        pictures=pictures,
        edge=edge,
        tags=tags,
        clock=base.clock,
        upload_time=upload_time(configured.image_timeout),
        log=base.log,
    )
