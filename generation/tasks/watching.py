import time

from generation import leaving
from generation.claims import Claim, Lost
from generation.heartbeats import Heartbeat
from generation.models import GenerationJob

from .endings_of_work import Cancelled, Leaving

Intent = GenerationJob.StopIntent
POLL_SECONDS = 1.0


class Watch:
    """Asks at most once a second what the person wants of the job, and always whether it is still ours."""

    def __init__(self, claim: Claim, job: GenerationJob, alive: Heartbeat) -> None:
        self.claim, self.job, self.alive = claim, job, alive
        self.intent, self.asked = "", float("-inf")

    def check(self) -> None:
        """Raises Lost, Cancelled or Leaving."""
        self.look()
        if self.leaves:
            self.alive.heard.set()
            raise Leaving

    def look(self) -> None:
        """For work that has something to store before it leaves. Raises Lost or Cancelled."""
        if not self.alive():
            self.alive.heard.set()
            raise Lost
        if time.monotonic() - self.asked >= POLL_SECONDS:
            self.intent = GenerationJob.objects.values_list("stop_intent", flat=True).get(pk=self.job.pk)
            self.asked = time.monotonic()
        if self.intent == Intent.DISCARD:
            self.alive.heard.set()
            raise Cancelled

    @property
    def leaves(self) -> bool:
        return leaving.asked.is_set()

    @property
    def keeps_best(self) -> bool:
        return self.intent == Intent.KEEP_BEST
