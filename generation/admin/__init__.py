"""Staff look at how work goes. Rows are edited nowhere: workers write them; staff start a job again or cancel it."""

from . import jobs, rows

__all__ = ["jobs", "rows"]
