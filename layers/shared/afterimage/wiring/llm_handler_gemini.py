"""`llm_handler_gemini`: answers messages, and has pictures painted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from random import SystemRandom

from aws_lambda_powertools import Logger

from afterimage import settings
from afterimage.adapters.cache_tags import HmacTags
from afterimage.adapters.candidate_hashes import HmacCandidateHashes
from afterimage.adapters.catalogue import in_force
from afterimage.adapters.clients import BRIEF, UPLOAD
from afterimage.adapters.dynamodb.candidates import DynamoDbCandidates
from afterimage.adapters.dynamodb.first_questions import DynamoDbFirstQuestions
from afterimage.adapters.dynamodb.ledger import DynamoDbLedger
from afterimage.adapters.dynamodb.readers import DynamoDbMessages
from afterimage.adapters.dynamodb.replayed_rows import DynamoDbRows, plain
from afterimage.adapters.dynamodb.stock import DynamoDbStock
from afterimage.adapters.quick_puts import QuickPuts, QuickStockFiles
from afterimage.adapters.s3 import S3SmallFiles
from afterimage.adapters.safety_identifiers import HmacSafetyIdentifiers
from afterimage.adapters.suggestions import set_suggestions
from afterimage.domain.limits import Limits, ModelKind
from afterimage.domain.metrics import Metric
from afterimage.domain.suggestions import Suggestions
from afterimage.http.llm_handler import LlmHandlerRoutes
from afterimage.use_cases.answer_message import AnswerMessage
from afterimage.use_cases.choose_painter import ChoosePainter
from afterimage.use_cases.count_calls import CountCalls
from afterimage.use_cases.end_answer import EndAnswer
from afterimage.use_cases.hand_over import HandOver
from afterimage.use_cases.name_chat import NameChat
from afterimage.use_cases.note_candidate import NoteCandidate
from afterimage.use_cases.open_question import OpenQuestion
from afterimage.use_cases.order_picture import OrderPicture
from afterimage.use_cases.paint_question import PaintQuestion
from afterimage.use_cases.retry_message import RetryMessage
from afterimage.use_cases.see_pictures import SeePictures
from afterimage.use_cases.take_from_stock import TakeFromStock
from afterimage.use_cases.think import Think
from afterimage.wiring.authenticated import HttpFunction, authenticated, issuer_keys, models_of
from afterimage.wiring.connected import Channelled
from afterimage.wiring.gemini import count_calls, gemini
from afterimage.wiring.ready import GetReady


def build(logger: Logger, environment: Mapping[str, str]) -> HttpFunction:
    """Raises: RuntimeError (a variable is missing or wrong)."""
    configured = settings.LlmHandlerSettings.read(environment)
    base = Channelled(logger, configured)
    limits = _limits(configured)
    messages = DynamoDbMessages()
    painters = ChoosePainter(
        catalogue=in_force(base.model_catalogue, base.log, base.metrics),
        default=configured.image_model,
        log=base.log,
        metrics=base.metrics,
    )
    end = EndAnswer(
        channel=base.channel,
        messages=messages,
        lines=base.lines,
        end=base.end_slots,
        clock=base.clock,
        log=base.log,
    )
    hand_over, order = _ordering(base, end, painters, limits)
    calls = _calls(base, configured)
    identifiers = HmacSafetyIdentifiers(base.fixed_secret(configured.pseudonym_secret))
    think = _think(base, configured, identifiers, calls, order, end)
    opening = OpenQuestion(
        channel=base.channel,
        images=DynamoDbRows(plain),
        painters=painters,
        lines=base.lines,
        clock=base.clock,
        limits=limits,
    )
    suggestions = set_suggestions(
        base.parameter(configured.suggestions_parameter), base.log, base.metrics
    )
    note = _note(base, configured, suggestions)
    answer = AnswerMessage(
        channel=base.channel,
        messages=messages,
        open_question=opening,
        think=think,
        hand_over=hand_over,
        end=end,
        paint=PaintQuestion(messages=messages, open_question=opening, order=order, log=base.log),
        take=_take(base, configured, suggestions, opening, painters, limits),
        note=note,
        attach=base.attach,
        clock=base.clock,
        limits=limits,
        log=base.log,
    )
    retry = RetryMessage(
        channel=base.channel,
        messages=messages,
        think=think,
        order=order,
        end=end,
        clock=base.clock,
        limits=limits,
        log=base.log,
    )
    asking = LlmHandlerRoutes(answer=answer, retry=retry, urls=base.urls, clock=base.clock)
    own = Metric.TEXT_OWN_TIME, Metric.TEXT_MODEL_TIME

    def last() -> None:
        note.settle()
        calls.costs.settle()

    keys = issuer_keys(base)
    ready = GetReady(
        *base.first_needs(),
        calls.costs.expect,
        keys.read,
        base.secret(configured.gemini_api_key_secret),
        suggestions,
        lambda: identifiers.of("warm"),
        lambda: models_of(asking.handlers()),
        executor=base.work,
        log=base.log,
    )
    api = authenticated(base, asking.handlers(), keys)
    return base.measured(api, own, last, ready)


def _limits(configured: settings.LlmHandlerSettings) -> Limits:
    return Limits(
        daily_images=configured.daily_image_limit,
        daily_messages=configured.daily_message_limit,
        image_calls=configured.image_calls,
        text_calls=configured.text_calls,
        open_messages=configured.max_open_messages,
        text_deadline=timedelta(seconds=configured.text_deadline),
        image_deadline=timedelta(seconds=configured.image_deadline),
    )


def _ordering(
    base: Channelled, end: EndAnswer, painters: ChoosePainter, limits: Limits
) -> tuple[HandOver, OrderPicture]:
    hand_over = HandOver(
        channel=base.channel,
        jobs=DynamoDbLedger(),
        starter=base.starter,
        end=end,
        end_slots=base.end_slots,
        clock=base.clock,
        executor=base.work,
        log=base.log,
        metrics=base.metrics,
    )
    order = OrderPicture(
        channel=base.channel,
        turns=base.turns,
        end=end,
        hand_over=hand_over,
        clock=base.clock,
        limits=limits,
        painters=painters,
        metrics=base.metrics,
    )
    return hand_over, order


def _calls(base: Channelled, configured: settings.LlmHandlerSettings) -> CountCalls:
    return count_calls(
        base,
        DynamoDbLedger(),
        model=ModelKind.TEXT,
        limit=configured.text_calls,
        flat_price_usd=Decimal(0),
        writes_at_once=True,
    )


def _think(
    base: Channelled,
    configured: settings.LlmHandlerSettings,
    identifiers: HmacSafetyIdentifiers,
    calls: CountCalls,
    order: OrderPicture,
    end: EndAnswer,
) -> Think:
    return Think(
        channel=base.channel,
        messages=DynamoDbMessages(),
        model=gemini(base, configured, text_model=configured.text_model),
        identifiers=identifiers,
        see=SeePictures(
            attach=base.attach,
            files=S3SmallFiles(base.aws.client("s3", BRIEF), configured.images_bucket),
            executor=base.work,
            log=base.log,
        ),
        calls=calls,
        order=order,
        end=end,
        name=NameChat(
            channel=base.channel,
            chats=DynamoDbRows(plain),
            log=base.log,
            metrics=base.metrics,
        ),
        clock=base.clock,
        executor=base.work,
        log=base.log,
        metrics=base.metrics,
    )


def _note(
    base: Channelled,
    configured: settings.LlmHandlerSettings,
    suggestions: Callable[[], Suggestions | None],
) -> NoteCandidate:
    return NoteCandidate(
        setting=suggestions,
        candidates=DynamoDbCandidates(),
        hashes=HmacCandidateHashes(base.fixed_secret(configured.pseudonym_secret)),
        chats=DynamoDbRows(plain),
        executor=base.work,
        log=base.log,
        metrics=base.metrics,
    )


def _take(
    base: Channelled,
    configured: settings.LlmHandlerSettings,
    suggestions: Callable[[], Suggestions | None],
    opening: OpenQuestion,
    painters: ChoosePainter,
    limits: Limits,
) -> TakeFromStock:
    s3, bucket = base.aws.client("s3", UPLOAD), configured.images_bucket
    put = QuickPuts(base.aws.session.get_credentials, s3, bucket, base.log)
    return TakeFromStock(
        setting=suggestions,
        stock=DynamoDbStock(base.connection),
        files=QuickStockFiles(put, s3, bucket, base.work),
        channel=base.channel,
        first=DynamoDbFirstQuestions(),
        open_question=opening,
        painters=painters,
        tags=HmacTags(base.fixed_secret(configured.pseudonym_secret)),
        clock=base.clock,
        limits=limits,
        executor=base.work,
        randomness=SystemRandom(),
        log=base.log,
        metrics=base.metrics,
    )
