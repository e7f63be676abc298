"""What staff may do with a job of somebody else: asked back first, done by the same functions that its owner's buttons
call, and written into the job's history with the reason."""

from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import View

from generation import jobs
from generation.access import may_direct_work
from generation.models import GenerationJob

from .readonly import AnyAdmin

State = GenerationJob.State
Words = str | Promise


class Refused(Exception):
    """In words for staff."""


class Why(forms.Form):
    why = forms.CharField(
        label=gettext_lazy("Why, for the job's history"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField"}),
        error_messages={"required": gettext_lazy("Say why: others will read it in the job's history.")},
    )


class Deed(View):
    admin: AnyAdmin = None  # type: ignore[assignment]  # given to as_view()
    name: ClassVar[str]
    button: ClassVar[Words]
    meaning: ClassVar[Words]

    def get(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        return self.ask(request, self.job(request, public_id), Why())

    def post(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        job, form = self.job(request, public_id), Why(request.POST)
        if not form.is_valid():
            return self.ask(request, job, form)
        try:
            done = self.do(job, form.cleaned_data["why"])
        except Refused as refused:
            messages.error(request, str(refused))
        else:
            self.admin.log_change(request, job, f"{done} {form.cleaned_data['why']}")
            messages.success(request, done)
        return redirect("admin:generation_work")

    def job(self, request: HttpRequest, public_id: UUID) -> GenerationJob:
        if not may_direct_work(request.user):
            raise PermissionDenied
        return get_object_or_404(GenerationJob.objects.select_related("source_set", "owner"), public_id=public_id)

    def ask(self, request: HttpRequest, job: GenerationJob, form: Why) -> HttpResponse:
        context: dict[str, Any] = {
            "title": self.button,
            "opts": self.admin.opts,
            "deed": self,
            "job": job,
            "form": form,
            "refusal": self.refusal(job),
        }
        return TemplateResponse(
            request, "admin/generation/deed.html", self.admin.admin_site.each_context(request) | context
        )

    @classmethod
    def refusal(cls, job: GenerationJob) -> str:
        """Why it can't be done with this job now, or nothing."""
        raise NotImplementedError

    def do(self, job: GenerationJob, why: str) -> str:
        """What was done, in words."""
        raise NotImplementedError


class Cancel(Deed):
    name = "cancel"
    button = gettext_lazy("Cancel the job")
    meaning = gettext_lazy(
        "It ends within seconds. What it has trained and made so far is thrown away. Its owner is told that it was"
        " cancelled, and what you write here."
    )

    @classmethod
    def refusal(cls, job: GenerationJob) -> str:
        return (
            _("The job has ended already: %(state)s.") % {"state": job.get_state_display()} if job.is_terminal else ""
        )

    def do(self, job: GenerationJob, why: str) -> str:
        # A job that is being stopped already is told once more by its state alone.
        if not jobs.cancel_for(job, why):
            raise Refused(self.refusal(job) or _("The job is being cancelled already."))
        return _("Cancelled.")


class Again(Deed):
    name = "again"
    button = gettext_lazy("Start again")
    meaning = gettext_lazy(
        "A new job of the same owner with the same settings, from the beginning. It counts towards the owner's limits."
    )

    @classmethod
    def refusal(cls, job: GenerationJob) -> str:
        if job.state not in (State.FAILED, State.CANCELLED):
            return _("Only a job that failed or was cancelled can be started again.")
        if job.children.filter(state__in=GenerationJob.ACTIVE).exists():
            return _("It was started again already.")
        return ""

    def do(self, job: GenerationJob, why: str) -> str:
        if refusal := self.refusal(job):
            raise Refused(refusal)
        try:
            new = jobs.again(job, job.owner)
        except jobs.JobRefused as refused:
            raise Refused(" ".join(refused.errors.values())) from None
        return _("Started again as %(job)s.") % {"job": new.public_id}


DEEDS: list[type[Deed]] = [Cancel, Again]
