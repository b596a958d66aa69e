"""Workarounds for typer's internals, each with its upstream issue and the version it holds for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from typer import _coercion, core


def convert_without_pydantic() -> None:
    """Load pydantic for a value that needs conversion only: 0.15 s of CPU for each command.

    typer 0.29 builds a pydantic adapter for every option, also for those that were not given, and
    so for every `--help` and every completion in a shell
    (https://github.com/fastapi/typer/issues/231).
    `tests/unit/cli/test_startup.py` fails once typer does without.
    """
    core.build_runtime_param = _AsGiven  # type: ignore[attr-defined,assignment]  # not public


@dataclass(frozen=True)
class _AsGiven:
    """Takes what is absent or of the option's type as it is, and leaves the rest to typer."""

    descriptor: _coercion.TypeDescriptor

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        if value is None:
            return () if param.multiple or param.nargs == -1 else None
        if self._needs_no_conversion(value):
            return value
        typers_own = _coercion.build_runtime_param(self.descriptor)
        return typers_own.coerce(value, param=param, ctx=ctx)

    def _needs_no_conversion(self, value: Any) -> bool:
        annotation, info = self.descriptor.annotation, self.descriptor.parameter_info
        if self.descriptor.is_ranged or info.parser is not None:
            return False
        return isinstance(annotation, type) and isinstance(value, annotation)
