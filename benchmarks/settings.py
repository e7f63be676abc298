"""The product's settings, with one more address: a view that does nothing, to compare with."""

from ganerate.settings import *  # noqa: F403
from ganerate.settings import REST_FRAMEWORK

ROOT_URLCONF = "benchmarks.urls"
# The throttles stay in place, so that their cost is measured, and never close.
REST_FRAMEWORK = REST_FRAMEWORK | {
    "DEFAULT_THROTTLE_RATES": dict.fromkeys(REST_FRAMEWORK.get("DEFAULT_THROTTLE_RATES", {}), "1000000/min")
}
