from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import BaseUserCreationForm, UserChangeForm
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from marketplace.accounts.models import ApiToken, User
from marketplace.moderation import audit, suspensions
from marketplace.moderation.models import Suspension

from .actions import ActingAdmin, Action, Facts, Refused
from .confirming import asking
from .readonly import ReadOnlyAdmin


class PersonCreationForm(BaseUserCreationForm):
    class Meta:
        model = User
        fields = ("email", "name")
        field_classes = {"email": forms.EmailField}


class PersonChangeForm(UserChangeForm):
    class Meta:
        model = User
        fields = "__all__"


@admin.register(User)
class PersonAdmin(UserAdmin):
    """Nobody is deleted: what was sold names its seller and its buyer."""

    form, add_form = PersonChangeForm, PersonCreationForm
    ordering = ["-date_joined"]
    list_display = ["email", "name", "language", "is_active", "is_staff", "date_joined"]
    list_filter = ["is_staff", "is_active", "language"]
    search_fields = ["email", "name", "public_id"]
    readonly_fields = ["public_id", "terms_version", "terms_accepted_at", "last_login", "date_joined"]
    filter_horizontal = ["groups", "user_permissions"]
    fieldsets = [
        (None, {"fields": ["email", "password", "name", "language", "time_zone", "public_id"]}),
        (
            gettext_lazy("Permissions"),
            {"fields": ["is_active", "is_staff", "is_superuser", "groups", "user_permissions"]},
        ),
        (gettext_lazy("History"), {"fields": ["terms_version", "terms_accepted_at", "last_login", "date_joined"]}),
    ]
    add_fieldsets = [(None, {"fields": ["email", "name", "password1", "password2"]})]

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:  # Any: Django's nested options
        """Whoever may only look gets no link to a page that is closed to them."""
        shown = super().get_fieldsets(request, obj)
        if obj is None or self.has_change_permission(request, obj):
            return shown
        without = [name for name in shown[0][1]["fields"] if name != "password"]
        return [(shown[0][0], {"fields": without}), *shown[1:]]

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnlyAdmin):
    list_display = ["name", "prefix", "user", "expires_at", "last_used_at", "revoked_at"]
    list_select_related = ["user"]
    list_filter = [("revoked_at", admin.EmptyFieldListFilter)]
    search_fields = ["user__email", "name", "prefix"]
    fields = ["user", "name", "prefix", "scopes", "created_at", "expires_at", "last_used_at", "revoked_at"]
    actions = ["revoke"]

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.change_apitoken")

    @admin.action(description=gettext_lazy("Revoke the chosen tokens"), permissions=["revoke"])
    def revoke(self, request: HttpRequest, tokens: QuerySet[ApiToken]) -> HttpResponse | None:
        usable = tokens.filter(revoked_at__isnull=True)
        question = _("Revoke these tokens? Programs that use them stop working.")
        page = asking(self, request, usable, "revoke", str(question))
        if page is None:
            with transaction.atomic():
                for token in usable:
                    audit.note(request.user, "token.revoked", token, before={"prefix": token.prefix})
                revoked = usable.update(revoked_at=timezone.now())
            self.message_user(request, _("Revoked: %(count)d") % {"count": revoked}, messages.SUCCESS)
        return page


class LiftSuspension(Action):
    name = "lift"
    button = gettext_lazy("Lift the suspension now")
    meaning = gettext_lazy("The person is told, and may go on at once. Revoked tokens stay revoked.")
    permission = "moderation.change_suspension"

    def refusal(self, row: Suspension) -> str:
        return "" if row.in_force else _("This suspension has ended already.")

    def barred(self, row: Suspension, by: User | AnonymousUser) -> str:
        return _("Nobody lifts a suspension of their own.") if row.user_id == by.pk else ""

    def facts(self, row: Suspension) -> Facts:
        return [(gettext_lazy("suspension"), row), (gettext_lazy("reason"), row.reason)]

    def do(self, row: Suspension, by: User, **given: Any) -> str:
        if row.user_id == by.pk:
            raise Refused(_("Nobody lifts a suspension of their own."))
        if not suspensions.lift(row, by=by, why=given["why"]):
            raise Refused(_("This suspension has ended already."))
        return _("Lifted. The person is told.")


class SuspensionForm(forms.ModelForm):
    moderator: User

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors:
            try:
                suspensions.check(**cleaned, by=self.moderator)
            except suspensions.SuspensionRefused as refused:
                self.add_error(refused.field, refused.message)
        return cleaned


@admin.register(Suspension)
class SuspensionAdmin(ActingAdmin):
    """Imposed with a reason and an end; lifted earlier by an action; never edited. Superusers are bound too."""

    form = SuspensionForm
    list_display = ["user", "ability", "until", "lifted_at", "imposed_by", "created_at"]
    list_filter = ["ability", ("lifted_at", admin.EmptyFieldListFilter)]
    list_select_related = ["user", "imposed_by"]
    search_fields = ["user__email", "reason"]
    autocomplete_fields = ["user"]
    acts = [LiftSuspension]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:  # Any: Django's nested options
        return ["user", "ability", "reason", "until"] + (["imposed_by", "created_at", "lifted_at"] if obj else [])

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"until": timezone.localtime() + timedelta(days=30)} | super().get_changeform_initial_data(request)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        form.moderator = request.user  # type: ignore[attr-defined]  # a SuspensionForm
        return form

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("moderation.add_suspension")

    def save_model(self, request: HttpRequest, obj: Suspension, form: Any, change: bool) -> None:
        assert isinstance(request.user, User)
        row = suspensions.impose(obj.user, obj.ability, reason=obj.reason, until=obj.until, by=request.user)
        obj.pk = row.pk
