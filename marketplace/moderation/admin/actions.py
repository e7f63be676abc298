"""What staff do to one row: asked back on a page that says what will happen, done by one function, told why."""

from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.functional import Promise
from django.views.generic import View

from marketplace.accounts.models import User
from marketplace.listings.models import ListingVersion
from marketplace.moderation.evidence import evidence, seen
from marketplace.moderation.forms import ReasonForm

from .readonly import ReadOnlyAdmin

Words = str | Promise
Facts = list[tuple[Words, Any]]  # Any: whatever a template can show


class Refused(Exception):
    """In words for staff; `field` is that of the form, if it is about one."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.message, self.field = message, field


class Action(View):
    admin: "ActingAdmin" = None  # type: ignore[assignment]  # given to as_view()
    name: ClassVar[str]
    button: ClassVar[Words]
    meaning: ClassVar[Words]
    permission: ClassVar[str]
    form_class: ClassVar[type[forms.Form]] = ReasonForm

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        row = self.row(request, pk)
        return self.ask(request, row, self.form_class(initial=self.initial(row)))

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        row = self.row(request, pk)
        form = self.form_class(request.POST)
        if not form.is_valid():
            return self.ask(request, row, form)
        assert isinstance(request.user, User)
        try:
            messages.success(request, self.do(row, request.user, **form.cleaned_data))
        except Refused as refused:
            form.add_error(refused.field if refused.field in form.fields else None, refused.message)
            return self.ask(request, row, form)
        return redirect(self.after(row))

    def row(self, request: HttpRequest, pk: int) -> Any:  # Any: a row of the admin's model
        if not request.user.has_perm(self.permission):
            raise PermissionDenied
        return get_object_or_404(self.admin.get_queryset(request), pk=pk)

    def ask(self, request: HttpRequest, row: Any, form: forms.Form) -> HttpResponse:
        context = {
            "title": self.button,
            "opts": self.admin.opts,
            "row": row,
            "action": self,
            "facts": self.facts(row),
            "form": form,
            "refusal": self.refusal(row) or self.barred(row, request.user),
        }
        template = "admin/moderation/action.html"
        return TemplateResponse(request, template, self.admin.admin_site.each_context(request) | context)

    def initial(self, row: Any) -> dict[str, Any]:
        return {}

    def facts(self, row: Any) -> Facts:
        """What one has to know of the row before doing it."""
        return []

    def refusal(self, row: Any) -> str:
        """Why it can't be done now, or nothing."""
        return ""

    def barred(self, row: Any, by: User | AnonymousUser) -> str:
        """Why this person in particular does not do it, or nothing."""
        return ""

    def after(self, row: Any) -> str:
        """Where it leads when it is done."""
        return self.admin.after(row)

    def do(self, row: Any, by: User, **given: Any) -> str:
        """What was done, in words. Raises Refused."""
        raise NotImplementedError


class ActingAdmin(ReadOnlyAdmin):
    """Looked at, and changed by actions alone."""

    change_form_template = "admin/moderation/change_form.html"
    acts: ClassVar[list[type[Action]]] = []

    def get_urls(self) -> list[URLPattern]:
        own = []
        for act in self.acts:
            view = self.admin_site.admin_view(act.as_view(admin=self))
            own.append(path(f"<int:pk>/{act.name}/", view, name=self.named(act)))
        return [*own, *super().get_urls()]

    def named(self, act: type[Action]) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{act.name}"

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        row: Model | None = kwargs.get("obj")
        if row is not None:
            context |= self.deeds(request, row)
        if row is not None and (version := self.evidence_of(row)) is not None:
            assert isinstance(request.user, User)
            context["evidence"] = evidence(version)
            seen(version, request.user)
        return super().render_change_form(request, context, *args, **kwargs)

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:  # Any: Django's nested options
        """Of a row that is there, those that say something."""
        return [name for name in super().get_fields(request, obj) if getattr(obj, str(name), name) not in ("", None)]

    def deeds(self, request: HttpRequest, row: Model) -> dict[str, Any]:  # Any: what a template shows
        """What can be done to the row now, and why this person does not do the rest."""
        open_ones = [act(admin=self) for act in self.acts if request.user.has_perm(act.permission)]
        open_ones = [act for act in open_ones if not act.refusal(row)]
        barred = [act.barred(row, request.user) for act in open_ones]
        acts = [act for act, why in zip(open_ones, barred, strict=True) if not why]
        return {
            "acts": [(reverse(f"admin:{self.named(type(act))}", args=[row.pk]), act.button) for act in acts],
            "barred": dict.fromkeys(filter(None, barred)),
        }

    def evidence_of(self, row: Any) -> ListingVersion | None:
        """The listing version that the row is about, to be shown beside it."""
        return None

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> None:  # type: ignore[override]  # nobody reads it
        """What is done here writes a row of its own into the audit trail."""

    def after(self, row: Model) -> str:
        """Where an action leads when it is done."""
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[row.pk])
