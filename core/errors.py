"""The one exception whose words reach people. Knows nothing else."""

from __future__ import annotations


class UserError(Exception):
    """Something the user can understand and mend.

    `problem` says what is wrong, `remedy` how to mend it; both are whole sentences.
    """

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem} {remedy}")
        self.problem = problem
        self.remedy = remedy

    def __reduce__(self) -> tuple[type[UserError], tuple[str, str]]:
        """How it crosses from a worker process: by both sentences, which the default would have joined."""
        return type(self), (self.problem, self.remedy)


class UsageError(UserError):
    """What was asked for cannot be, whatever the files and the machine: wrong usage, exit code 2."""
