"""The command line and the environment of the local stack, as one value."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.local_stack.lambda_runtime.function import ACCOUNT_CONCURRENCY
from tests.local_stack.lambda_runtime.retry_rules import Delays

ROOT = Path(__file__).resolve().parents[2]

_LAST_PORT = 65_535
# Environment variable to parameter of the template.
_PARAMETERS = {
    "DAILY_IMAGE_LIMIT": "DailyImageLimit",
    "DAILY_MESSAGE_LIMIT": "DailyMessageLimit",
    "DAILY_UPLOAD_LIMIT": "DailyUploadLimit",
    "DAILY_IMAGE_CALLS": "DailyImageCalls",
    "DAILY_TEXT_CALLS": "DailyTextCalls",
    "MAX_OPEN_MESSAGES": "MaxOpenMessages",
    "MAX_PAINTING_PER_USER": "MaxPaintingPerUser",
    "IMAGE_CONCURRENCY": "ImageConcurrency",
    "ALLOWED_ORIGINS": "AllowedOrigins",
}
_HELP_ENVIRONMENT = """environment:
  PORT                  port to listen on (default 8000)
  GEMINI_API_KEY        use the real Gemini instead of the simulator
  STATE_DIR             folder that keeps all data between runs
  DAILY_IMAGE_LIMIT     pictures a user may have painted in one day
  DAILY_MESSAGE_LIMIT   messages a user may send in one day
  DAILY_UPLOAD_LIMIT    pictures a user may bring in one day
  DAILY_IMAGE_CALLS     calls of image models for a user in one day
  DAILY_TEXT_CALLS      calls of text models for a user in one day
  MAX_OPEN_MESSAGES     answers of one user under way at the same time
  MAX_PAINTING_PER_USER  pictures of one user painted at the same time
  IMAGE_CONCURRENCY     pictures painted at the same time
  ALLOWED_ORIGINS       origins of front ends on other ports, with commas between
  LOG=1                 as --verbose"""


@dataclass(frozen=True)
class Options:
    """Everything that can be chosen. Times are in seconds; None means AWS's own."""

    port: int
    template: Path
    gemini_api_key: str | None
    state_dir: Path | None
    run_dir: Path | None
    ready_file: Path | None
    parameters: Mapping[str, str]
    delays: Delays
    concurrency: int
    schedule_interval: float | None
    integration_timeout: float | None
    idle_timeout: float | None
    functions_aws_endpoint: str | None
    functions_gateway_endpoint: str | None
    verbose: bool
    until_input_closes: bool
    until_parent_ends: bool

    @property
    def sweeps_at_once(self) -> bool:
        """Whether schedules begin with the first second; who chooses an interval waits for it."""
        return self.schedule_interval is None


def parse_options(arguments: Sequence[str], environment: Mapping[str, str]) -> Options:
    """The options of one run; says what is wrong with them and exits with 2."""
    parser = _parser(environment)
    given = parser.parse_args(arguments)
    parameters = {
        parameter: environment[name]
        for name, parameter in _PARAMETERS.items()
        if name in environment
    }
    if given.suggest and not environment.get("GEMINI_API_KEY"):
        parameters["Suggestions"] = given.suggest.read_text("utf-8")
    for assignment in given.parameter:
        name, equals, value = assignment.partition("=")
        if not equals:
            parser.error(f"--parameter wants NAME=VALUE, not {assignment}")
        parameters[name] = value
    state_dir = environment.get("STATE_DIR")
    return Options(
        port=given.port,
        template=given.template.resolve(),
        gemini_api_key=environment.get("GEMINI_API_KEY") or None,
        state_dir=Path(state_dir).expanduser().resolve() if state_dir else None,
        run_dir=given.run_dir,
        ready_file=given.ready_file,
        parameters=parameters,
        delays=Delays(given.retry_delay, given.throttle_delay),
        concurrency=given.concurrency,
        schedule_interval=given.schedule_interval,
        integration_timeout=given.integration_timeout,
        idle_timeout=given.idle_timeout,
        functions_aws_endpoint=given.functions_aws_endpoint,
        functions_gateway_endpoint=given.functions_gateway_endpoint,
        verbose=given.verbose or bool(environment.get("LOG")),
        until_input_closes=given.until_input_closes,
        until_parent_ends=given.until_parent_ends,
    )


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > _LAST_PORT:
        raise argparse.ArgumentTypeError(f"{text} is not a number from 0 to {_LAST_PORT}")
    return int(text)


def _parser(environment: Mapping[str, str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.local_stack",
        description="Runs the whole bundle on this machine.",
        epilog=_HELP_ENVIRONMENT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    default_port = environment.get("PORT") or "8000"
    delays = Delays()
    add = parser.add_argument
    add("--port", type=_port, default=default_port, help="0 takes any free port")
    add("--verbose", action="store_true", help="show the functions' log lines")
    add("--template", type=Path, default=ROOT / "template.yaml", help="SAM template to run")
    add(
        "--parameter",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a parameter of the template",
    )
    add(
        "--suggest",
        type=Path,
        metavar="FILE",
        help="the parameter Suggestions, unless the real Gemini paints",
    )
    add("--run-dir", type=Path, help="folder for logs (default: a temporary one)")
    add("--ready-file", type=Path, help="written as JSON when everything answers")
    add(
        "--retry-delay",
        type=float,
        default=delays.retry,
        metavar="SECONDS",
        help="wait before the first retry of an asynchronous invocation (default %(default)s)",
    )
    add(
        "--throttle-delay",
        type=float,
        default=delays.throttle,
        metavar="SECONDS",
        help="first wait of a throttled asynchronous invocation (default %(default)s)",
    )
    add(
        "--concurrency",
        type=int,
        default=ACCOUNT_CONCURRENCY,
        metavar="N",
        help="invocations of one function at once, each a process (default %(default)s)",
    )
    add("--schedule-interval", type=float, metavar="SECONDS", help="instead of rate(…)")
    add(
        "--integration-timeout",
        type=float,
        metavar="SECONDS",
        help="until the HTTP API gives up (default 30)",
    )
    add(
        "--idle-timeout",
        type=float,
        metavar="SECONDS",
        help="until an idle WebSocket is closed (default 600)",
    )
    add(
        "--functions-aws-endpoint",
        metavar="URL",
        help="where functions reach AWS, for a proxy in between",
    )
    add(
        "--functions-gateway-endpoint",
        metavar="URL",
        help="where functions reach Invoke and @connections, for a proxy in between",
    )
    add("--until-input-closes", action="store_true", help="stop when standard input closes")
    add("--until-parent-ends", action="store_true", help="stop when the parent process is gone")
    return parser
