"""The source of a step: the whole registered function, or only what it does."""

from __future__ import annotations

import ast
import inspect
import textwrap

from modernize.step import Step


def source(step: Step) -> str:
    """Return the step's function as it was written, decorator and docstring included; "" where it is not on disk."""
    try:
        return textwrap.dedent(inspect.getsource(step.transform)).rstrip()
    except (OSError, TypeError):
        return ""


def edit(step: Step) -> str:
    """Return the statements of a step's function without its docstring: the edit it makes.

    Examples:
        >>> from modernize.registry import get_step
        >>> edit(get_step("ln"))
        'return spec.with_arch(norm="layer")'
    """
    text = source(step)
    try:
        (function,) = ast.parse(text).body
    except (SyntaxError, ValueError):
        return ""
    if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
        return ""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    if not body:
        return ""
    return textwrap.dedent("\n".join(text.splitlines()[body[0].lineno - 1 : body[-1].end_lineno]))
