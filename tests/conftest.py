"""Settings shared by all tests."""

from __future__ import annotations

import os

from hypothesis import settings

# No deadline: the first example of a test may compile a kernel. On a build server the examples are the
# same every time, so that a failure is about the change under test; elsewhere new ones are tried.
settings.register_profile("local", deadline=None)
settings.register_profile("ci", parent=settings.get_profile("local"), derandomize=True, database=None)
settings.load_profile("ci" if os.environ.get("CI") else "local")
