"""What all tests share."""

import os
import signal

from hypothesis import settings

# A pull request must not fail for what another draw would have let pass, so CI draws the same examples every time;
# at home every run tries others. No deadlines: whichever test comes first waits until its kernels are compiled.
settings.register_profile("ci", derandomize=True, deadline=None)
settings.register_profile("home", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "home")

# Tests in the background of a script inherit that Ctrl-C is ignored, and so would the processes that they stop by it.
signal.signal(signal.SIGINT, signal.default_int_handler)
