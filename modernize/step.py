"""One registered change: a pure function from spec to spec, and what is said about it."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable
from dataclasses import dataclass

from modernize.errors import ModernizeError, one_line, shown
from modernize.path import DEFAULT_PATH
from modernize.spec import Spec

Transform = Callable[[Spec], Spec]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One change, as registered.

    Attributes:
        id: Name on the command line.
        title: What reports call it.
        section: Section of the source that argues for it.
        source: Where the change comes from: the paper, or "ours".
        after: Id of the step it follows; "" where `steps.PATH` places it.
        instead_of: For a probe (tried, not adopted): id of the adopted step whose place it takes.
        path: Name of the path it is on; "" for none: it is then taken only where it is named.
        against: Id of the step whose rung it is compared with, where that is trained too; "" for the rung that it was
            applied to.
        transform: The function itself, spec to spec.
    """

    id: str
    title: str
    section: str
    source: str
    after: str
    instead_of: str
    path: str
    transform: Transform
    against: str = ""

    @property
    def adopted(self) -> bool:
        """Whether later rungs stand on this step; a probe is only tried."""
        return not self.instead_of

    @property
    def status(self) -> str:
        """In words: what it is, and the path it is on where that is not the default one."""
        status = "adopted" if self.adopted else f"probe of {self.instead_of}"
        if self.path == DEFAULT_PATH:
            return status
        where = f"path {self.path}" if self.path else "no path"
        return f"{where}, after {self.after}" if self.adopted else f"{status}, {where}"

    @property
    def module(self) -> str:
        """Module that defines the step."""
        return getattr(self.transform, "__module__", None) or "no module"

    @property
    def shipped(self) -> bool:
        """Whether it is one of the toolkit's own."""
        return self.module.partition(".")[0] == "steps"

    def __str__(self) -> str:
        """The step as errors name it; whose it is, where it is not the toolkit's."""
        return f"step '{self.id}'" if self.shipped else f"step '{self.id}' of {self.module}"

    def card(self) -> dict[str, str]:
        """Split the docstring into its parts: "what", "why", "watch" and "deviates" ("" where one is missing)."""
        parts = {"what": "", "why": "", "watch": "", "deviates": ""}
        key = "what"
        for line in (inspect.getdoc(self.transform) or "").splitlines():
            head, colon, rest = line.partition(":")
            if colon and head.lower() in parts:
                key, line = head.lower(), rest
            parts[key] = f"{parts[key]} {line.strip()}".strip()
        return parts

    def code(self) -> str:
        """Return the function as it was written, decorator and docstring included; "" where it is in no file."""
        try:
            return textwrap.dedent(inspect.getsource(self.transform)).rstrip()
        except (OSError, TypeError):
            return ""

    def edit(self) -> str:
        """Return the statements of the function without its docstring: what it does to a spec; "" where not known."""
        code = self.code()
        try:
            (function,) = ast.parse(code).body
        except (SyntaxError, ValueError):
            return ""
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            return ""
        body = function.body[1:] if ast.get_docstring(function) is not None else function.body
        lines = code.splitlines()[body[0].lineno - 1 : body[-1].end_lineno] if body else []
        return textwrap.dedent("\n".join(lines))

    def apply(self, spec: Spec) -> Spec:
        """Apply the step.

        Raises:
            ModernizeError: If it fails, changes nothing, or returns something that is no spec.
        """
        try:
            changed = self.transform(spec)
        except (Exception, SystemExit) as error:
            raise ModernizeError(f"{self} fails: {one_line(error)}.") from error
        if not isinstance(changed, Spec):
            raise ModernizeError(f"{self} returned {shown(changed)}; a step must return a Spec.")
        if changed == spec:
            raise ModernizeError(f"{self} changes nothing where it is applied.")
        return changed
