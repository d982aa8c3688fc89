"""UserError, the exception whose text is shown to people."""

from __future__ import annotations


class UserError(Exception):
    """Something the user can understand and fix.

    `problem` says what is wrong, `remedy` how to fix it; both are whole sentences.
    """

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem} {remedy}")
        self.problem = problem
        self.remedy = remedy

    def __reduce__(self) -> tuple[type[UserError], tuple[str, str]]:
        """Pickle both sentences, so that the error crosses from a worker process; the default would join them."""
        return type(self), (self.problem, self.remedy)


class UsageError(UserError):
    """Wrong usage: the request makes no sense, whatever the files and the machine. Exit code 2."""
