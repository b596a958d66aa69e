"""structlog, once: console rendering on a terminal, JSON otherwise, library loggers alike."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Literal

import structlog

NOISY = ("aiokafka", "faststream", "uvicorn", "pymongo", "asyncio", "httpx2", "httpcore2")
_silent: ContextVar[bool] = ContextVar("silent", default=False)


def configure(
    service: str, *, level: str = "INFO", style: Literal["auto", "console", "json"] = "auto"
) -> None:
    """Send every log line of this process to standard error, bound to `service`.

    Libraries are heard from WARNING on: their chatter per message costs more than the work.
    """
    console = style == "console" or (style == "auto" and sys.stderr.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.ExceptionRenderer(_frames_only),
    ]
    structlog.configure(
        processors=[
            _drop_if_silent,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer() if console else structlog.processors.JSONRenderer()
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in NOISY:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(level)))
    structlog.contextvars.bind_contextvars(service=service)


@contextmanager
def silence() -> Iterator[None]:
    """Drops what this task, and tasks that it starts, log of what does not really happen."""
    before = _silent.set(True)
    try:
        yield
    finally:
        _silent.reset(before)


def _drop_if_silent(_logger: Any, _name: str, event: structlog.typing.EventDict) -> Any:
    if _silent.get():
        raise structlog.DropEvent
    return event


def _frames_only(exc_info: structlog.typing.ExcInfo) -> str:
    """A traceback without messages or values: either may quote a customer."""
    kind, _, frames = exc_info
    return "".join([*traceback.format_tb(frames), kind.__name__])
