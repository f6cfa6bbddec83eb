"""Hypothesis: the same examples every time.

HYPOTHESIS_PROFILE=full draws more of them, as CI does, and HYPOTHESIS_PROFILE=thorough many more, others every time.
"""

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "default", deadline=None, derandomize=True, max_examples=20, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("full", parent=settings.get_profile("default"), max_examples=50)
settings.register_profile("thorough", parent=settings.get_profile("default"), derandomize=False, max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))
