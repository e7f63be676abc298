from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import BaseUserCreationForm, UserChangeForm
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.models import ApiToken, User
from marketplace.moderation.models import Suspension

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
        (_("Permissions"), {"fields": ["is_active", "is_staff", "is_superuser", "groups", "user_permissions"]}),
        (_("History"), {"fields": ["terms_version", "terms_accepted_at", "last_login", "date_joined"]}),
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

    @admin.action(description=_("Revoke the chosen tokens"), permissions=["revoke"])
    def revoke(self, request: HttpRequest, tokens: QuerySet[ApiToken]) -> HttpResponse | None:
        usable = tokens.filter(revoked_at__isnull=True)
        question = _("Revoke these tokens? Programs that use them stop working.")
        page = asking(self, request, usable, "revoke", str(question))
        if page is None:
            revoked = usable.update(revoked_at=timezone.now())
            self.message_user(request, _("Revoked: %(count)d") % {"count": revoked}, messages.SUCCESS)
        return page


class SuspensionForm(forms.ModelForm):
    def clean_until(self) -> Any:
        until = self.cleaned_data["until"]
        if until <= timezone.now():
            raise forms.ValidationError(_("A suspension ends in the future."))
        return until


@admin.register(Suspension)
class SuspensionAdmin(admin.ModelAdmin):
    """Imposed with a reason and an end; lifted earlier by an action; never edited."""

    form = SuspensionForm
    list_display = ["user", "ability", "until", "lifted_at", "imposed_by", "created_at"]
    list_filter = ["ability", ("lifted_at", admin.EmptyFieldListFilter)]
    list_select_related = ["user", "imposed_by"]
    search_fields = ["user__email", "reason"]
    autocomplete_fields = ["user"]
    fields = ["user", "ability", "reason", "until"]
    actions = ["lift"]

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_lift_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("moderation.change_suspension")

    def save_model(self, request: HttpRequest, obj: Suspension, form: Any, change: bool) -> None:
        assert isinstance(request.user, User)
        obj.imposed_by = request.user
        super().save_model(request, obj, form, change)

    @admin.action(description=_("Lift the chosen suspensions now"), permissions=["lift"])
    def lift(self, request: HttpRequest, suspensions: QuerySet[Suspension]) -> HttpResponse | None:
        in_force = suspensions.filter(lifted_at__isnull=True)
        page = asking(self, request, in_force, "lift", str(_("Lift these suspensions now?")))
        if page is None:
            lifted = in_force.update(lifted_at=timezone.now())
            self.message_user(request, _("Lifted: %(count)d") % {"count": lifted}, messages.SUCCESS)
        return page
