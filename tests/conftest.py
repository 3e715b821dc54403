"""What all tests share."""

import os

from hypothesis import settings

# A pull request must not fail for what another draw would have let pass, so CI draws the same examples every time;
# at home every run tries others.
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")
