"""The arithmetic of costs and limits, and that the documentation has its results."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from tests.benchmarks.costs import model, prices, scale
from tests.benchmarks.costs.__main__ import PAGES, written
from tests.benchmarks.costs.units import Meter, size
from tests.benchmarks.costs.usage import Usage, load
from tests.local_stack.options import ROOT
from tests.support.template import template

from afterimage.adapters.catalogue import packaged
from afterimage.adapters.gemini import client
from afterimage.domain import usage
from afterimage.domain.limits import ModelKind
from afterimage.http import taken
from afterimage.use_cases import think

PAINTED = Usage(
    http=1,
    invocations={"image_generate": 1},
    cpu_ms={"image_generate": 100},
    calls={"image_generate": 10},
    reads=4,
    writes={"messages": 6, "messages/open": 2},
    puts=3,
    posts=2,
    stored={"original": 2e6, "full.webp": 80e3, "thumbnail.webp": 20e3},
    tokens={"in": 1_000, "out": 100},
)
NOTHING = Usage()
COUNTS = {
    "picture": PAINTED,
    **dict.fromkeys(("connection", "visit", "page", "ping", "text", "sweep"), NOTHING),
}
QUIET = model.Assumed(connections=0, minutes=0, loads=0)


def test_a_function_is_billed_for_waiting_and_for_computing_at_its_share_of_a_processor() -> None:
    whole, quarter, more = (
        model.billed_ms(PAINTED, "image_generate", memory, QUIET)
        for memory in (model.ONE_VCPU_MB, 442, 3_000)
    )

    assert whole == 6_000 + 10 * 10 + 3 * 50 + 100
    assert quarter == pytest.approx(whole + 300, abs=1)
    assert more == whole


def test_a_smaller_function_is_cheaper_and_slower() -> None:
    assert model.compute(PAINTED, "image_generate", 512, QUIET) == pytest.approx(
        6.596 * 0.5 * prices.LAMBDA_GB_S + prices.LAMBDA_REQUEST
    )
    assert model.slower_ms(PAINTED, "image_generate", 512) == pytest.approx(245.5, abs=0.1)


def test_a_picture_costs_what_it_was_counted_to_cause() -> None:
    items = model.of_a_picture(COUNTS, 1_024, QUIET)

    assert items["DynamoDB, writes"] == pytest.approx(8 * 0.625e-6)
    assert items["DynamoDB, reads"] == pytest.approx(4 * 0.125e-6)
    assert items["HTTP API"] == pytest.approx(1e-6)
    assert items["WebSocket, messages"] == pytest.approx(2e-6)
    assert items["S3, uploads, and loads by the edge"] == pytest.approx(3 * 5e-6 + 2 * 0.4e-6)
    assert items["CloudFront, bytes"] == 0


def test_what_is_taken_from_the_stock_waits_for_no_model() -> None:
    taken = Usage(
        invocations={"llm_handler_gemini": 1},
        cpu_ms={"llm_handler_gemini": 20},
        calls={"llm_handler_gemini": 8},
        writes={"messages": 30},
        puts=4,
    )

    assert model.of_a_suggestion(taken, 1_024, QUIET) == pytest.approx(
        (80 + 4 * 50 + 20 * 1.728) / 1_000 * prices.LAMBDA_GB_S
        + prices.LAMBDA_REQUEST
        + 30 * 0.625e-6
        + 4 * 5e-6,
        rel=0.01,
    )


def test_a_habit_costs_what_it_was_counted_to_cause_in_all_functions() -> None:
    taken_back = Usage(
        http=1,
        invocations={"chat_api": 1, "keeper": 1},
        cpu_ms={"chat_api": 10, "keeper": 30},
        calls={"chat_api": 5, "keeper": 4},
        reads=8,
        writes={"shares": 2, "user_images": 4},
        posts=2,
    )

    assert model.of_a_habit(taken_back, 1_024, QUIET) == pytest.approx(
        (90 + 40 * 1.728) / 1_000 * prices.LAMBDA_GB_S
        + 2 * prices.LAMBDA_REQUEST
        + 8 * 0.125e-6
        + 6 * 0.625e-6
        + 2 * 1e-6
        + 2 * 1e-6,
        rel=0.01,
    )


def test_what_happens_beside_it_is_added_as_often_as_it_happens() -> None:
    often = replace(QUIET, connections=0.5, minutes=8)
    counts = {**COUNTS, "visit": Usage(http=4), "ping": Usage(posts=1, received=1)}

    items = model.of_a_picture(counts, 1_024, often)

    assert items["HTTP API"] == pytest.approx((1 + 0.5 * 4) * 1e-6)
    assert items["WebSocket, messages"] == pytest.approx((2 + 2 * 2) * 1e-6)
    assert items["WebSocket, minutes"] == pytest.approx(8 * 0.25e-6)


def test_what_is_fixed_and_what_is_kept() -> None:
    swept = Usage(invocations={"keeper": 1}, reads=16)
    pieces = {
        "AWS::SecretsManager::Secret": 2,
        "AWS::CloudWatch::Alarm": 3,
        "AWS::DynamoDB::Table": 4,
    }

    fixed = model.fixed_a_month({**COUNTS, "sweep": swept}, 1_024, pieces)

    assert fixed == pytest.approx(
        {
            "Sweeps: Lambda, `keeper`": 43_800 * 0.2e-6,
            "Sweeps: DynamoDB, reads": 43_800 * 16 * 0.125e-6,
            "Sweeps: CloudWatch, logs": 0,
            "Sweeps: KMS, keys of 4 tables": 4 * 8_760 * 3e-6,
            "Secrets: 2": 0.8,
            "Metrics under alarms: 3": 0.3,
        }
    )
    assert model.kept_a_month(PAINTED) == pytest.approx(2.1e-3 * 0.023)
    assert model.text_model(PAINTED) == pytest.approx(1_000 * 0.75e-6 + 100 * 3.75e-6)


def test_only_the_painters_memory_is_weighed() -> None:
    whole, half = (model.painted(COUNTS, mb, 0.03, 6_000) for mb in (model.ONE_VCPU_MB, 885))

    assert whole.dollars == pytest.approx(
        sum(model.of_a_picture(COUNTS, model.ONE_VCPU_MB).values())
    )
    saved = model.compute(PAINTED, "image_generate", 1_769) - model.compute(
        PAINTED, "image_generate", 885
    )
    assert whole.dollars - half.dollars == pytest.approx(saved)
    assert half.waited_ms - whole.waited_ms == pytest.approx(100, abs=1)


def test_the_slower_the_model_the_less_memory_is_right() -> None:
    sizes = (512, 832, 1_024, 1_769)
    right = [
        model.right_memory(load(), sizes, 0.0336, seconds * 1_000).memory_mb
        for seconds in (1, 2, 6, 15, 25, 40, 80, 200)
    ]

    assert right == sorted(right, reverse=True)
    assert (right[0], right[-1]) == (1_769, 512)


# --- Units ---------------------------------------------------------------------------------------


def test_the_size_of_a_row_is_its_names_and_values() -> None:
    assert size({"text": {"S": "ü"}, "seq": {"N": "123"}, "deleted": {"BOOL": True}}) == (
        4 + 2 + 3 + 3 + 7 + 1
    )


def message(text: str, **more: Any) -> dict[str, Any]:
    key = {"user_id_chat_id": {"S": "u#c"}, "message_id": {"S": "m"}}
    return {"TableName": "x-MessagesTable-y", "Item": {**key, "text": {"S": text}, **more}}


def test_a_transaction_costs_twice_and_an_index_once() -> None:
    meter = Meter()
    opened = message("", open={"S": "01"}, deadline={"N": "9"})
    later = message("", open={"S": "01"}, deadline={"N": "10"})
    for put in (opened, later, later, message("x" * 1_100)):
        meter.take("TransactWriteItems", {"TransactItems": [{"Put": put}]}, {})

    assert meter.writes == {"messages": 2 + 2 + 2 + 4, "messages/open": 1 + 2 + 0 + 1}


def test_an_update_moves_a_row_in_the_index_as_a_replacement_does() -> None:
    meter = Meter()
    key = {"user_id_chat_id": {"S": "u#c"}, "message_id": {"S": "01"}}
    row = {**key, "open": {"S": "01"}, "deadline": {"N": "9"}}
    ended = {
        "TableName": "messages",
        "Key": key,
        "UpdateExpression": "SET #0 = :0, #1 = if_not_exists(#1, :1) REMOVE #2, #3",
        "ExpressionAttributeNames": dict(
            zip(("#0", "#1", "#2", "#3"), ("text", "title", "open", "deadline"), strict=True)
        ),
        "ExpressionAttributeValues": {":0": {"S": "x" * 1_100}, ":1": {"S": "a"}},
    }
    meter.take(
        "BatchWriteItem", {"RequestItems": {"messages": [{"PutRequest": {"Item": row}}]}}, {}
    )
    for _ in range(2):
        meter.take("UpdateItem", ended, {})
    meter.take(
        "BatchWriteItem", {"RequestItems": {"messages": [{"DeleteRequest": {"Key": key}}]}}, {}
    )

    assert meter.writes == {"messages": 1 + 2 + 2 + 2, "messages/open": 1 + 1}


def test_a_read_costs_by_what_it_brings_and_half_where_it_may_be_old() -> None:
    meter = Meter()
    row = {"text": {"S": "x" * 3_000}}
    meter.take("Query", {"ConsistentRead": True}, {"Items": [row, row]})
    meter.take("Query", {}, {"Items": []})
    asked: dict[str, Any] = {"RequestItems": {"messages": {"Keys": [{}, {}]}}}
    meter.take("BatchGetItem", asked, {"Responses": {"messages": [row]}})
    meter.take("TransactGetItems", {}, {"Responses": [{"Item": row}, {}]})

    assert meter.reads == 2 + 0.5 + 2 + 4


def test_a_row_of_which_some_is_brought_is_read_whole() -> None:
    meter = Meter()
    put = message("x" * 10_000)
    meter.take("PutItem", put, {})
    brought = {name: put["Item"][name] for name in ("user_id_chat_id", "message_id")}
    asked = {"TableName": put["TableName"], "ProjectionExpression": "#0, #1"}

    meter.take("Query", asked, {"Items": [brought]})
    meter.take("Query", asked, {"Items": []})

    assert meter.reads == 1.5 + 0.5


# --- Limits --------------------------------------------------------------------------------------


def test_ten_times_as_many_users_ask_for_ten_times_as_much() -> None:
    counts = load()
    for limit in scale.limits(counts):
        few, many = (limit.demand(scale.Load.of(users)) for users in (1_000, 10_000))
        assert many == pytest.approx(10 * few), limit.name


def test_the_first_limit_is_that_of_pictures_at_once() -> None:
    name, used = scale.first_met(load(), 100_000)

    assert "ImageConcurrency" in name
    assert used > 1
    assert scale.first_met(load(), 1_000)[1] < 1


def test_no_more_come_back_in_a_second_than_are_let_in() -> None:
    back = scale.back_after(1_000, a_second=100)

    assert back["all"] >= 9
    assert back["half"] < back["99 %"] <= back["all"]
    assert scale.back_after(50, a_second=100)["tries"] == 1


def test_the_crowd_comes_back_as_the_pages_client_does() -> None:
    source = (ROOT / "functions/web_page/static/unified_channel.js").read_text()
    constants = dict(re.findall(r"^const (BACKOFF_\w*MS) = ([\d_]+);", source, re.MULTILINE))

    assert constants == {"BACKOFF_MS": "500", "BACKOFF_MAX_MS": "30_000"}


# --- The documentation ---------------------------------------------------------------------------


def test_the_docs_have_the_tables_of_what_was_counted() -> None:
    """If they have not: `python -m tests.benchmarks.costs --write`."""
    pages = [page.read_text() for page in PAGES]

    assert written(pages, load()) == pages


def test_the_worst_case_of_a_user_and_a_day_has_figures() -> None:
    """By the limits of the code, the template's defaults, and the packaged prices."""
    default = {name: p.get("Default") for name, p in template()["Parameters"].items()}
    answers, pictures = 2 * default["DailyMessageLimit"], 3 * default["DailyImageLimit"]
    day, asked = date(2026, 11, 29), think._HISTORY_LENGTH + taken.MAX_TEXT
    list_prices = packaged().prices(ModelKind.TEXT, default["TextModel"], day)
    assert list_prices is not None
    answer = list_prices.cost(usage.Usage({"text": asked}, {"text": client._MAX_OUTPUT_TOKENS}))
    picture = float(default["ImagePriceUsd"])
    page = PAGES[0].read_text()

    assert f"{asked:,} tokens in" in page
    assert f"{pictures} × ${picture} = ${pictures * picture:.2f}" in page
    assert f"{answers} × ${answer:.4f} = ${answers * answer:.2f}" in page
