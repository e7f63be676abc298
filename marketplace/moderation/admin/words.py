"""What people wrote for everybody to read, and what sellers say of themselves."""

from typing import Any

from django import forms
from django.contrib import admin
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from marketplace.accounts.models import User
from marketplace.listings.models import Question, SellerProfile
from marketplace.listings.sellers import BUSINESS_DATA
from marketplace.moderation import publics
from marketplace.purchases.models import Review

from .actions import ActingAdmin, Action, Facts, Refused


class Hide(Action):
    name = "hide"
    button = gettext_lazy("Hide it")
    meaning = gettext_lazy("It is shown on no page any more. Whoever wrote it is told why.")

    def refusal(self, row: Any) -> str:
        return _("It is hidden already.") if row.hidden_at else ""

    def facts(self, row: Any) -> Facts:
        return [(gettext_lazy("text"), row.text), (gettext_lazy("answer"), row.answer or "–")]

    def do(self, row: Any, by: User, **given: Any) -> str:
        if not publics.hide(row, by, given["why"]):
            raise Refused(_("It is hidden already."))
        return _("Hidden.")


class Show(Action):
    name = "show"
    button = gettext_lazy("Show it again")
    meaning = gettext_lazy("It is shown to everybody again.")

    def refusal(self, row: Any) -> str:
        return "" if row.hidden_at else _("It is not hidden.")

    def do(self, row: Any, by: User, **given: Any) -> str:
        if not publics.show(row, by, given["why"]):
            raise Refused(_("It is not hidden."))
        return _("Shown again.")


class HideReview(Hide):
    permission = "purchases.change_review"


class ShowReview(Show):
    permission = "purchases.change_review"


class HideQuestion(Hide):
    permission = "listings.change_question"


class ShowQuestion(Show):
    permission = "listings.change_question"


@admin.register(Review)
class BuyerReviewAdmin(ActingAdmin):
    list_display = ["listing", "rating", "created_at", "hidden_at"]
    list_filter = ["rating", ("hidden_at", admin.EmptyFieldListFilter)]
    list_select_related = ["listing"]
    search_fields = ["text", "answer", "listing__public_id", "purchase__buyer__email"]
    acts = [HideReview, ShowReview]


@admin.register(Question)
class QuestionAdmin(ActingAdmin):
    list_display = ["listing", "text", "asker", "created_at", "answered_at", "hidden_at"]
    list_filter = [("answered_at", admin.EmptyFieldListFilter), ("hidden_at", admin.EmptyFieldListFilter)]
    list_select_related = ["listing", "asker"]
    search_fields = ["text", "answer", "listing__public_id", "asker__email"]
    acts = [HideQuestion, ShowQuestion]


class OfBusiness(Action):
    permission = "listings.change_sellerprofile"

    def facts(self, row: SellerProfile) -> Facts:
        return [(str(row._meta.get_field(name).verbose_name), getattr(row, name)) for name in BUSINESS_DATA]  # type: ignore[union-attr]  # columns


class VerifyBusiness(OfBusiness):
    class CheckedForm(forms.Form):
        why = forms.CharField(
            label=gettext_lazy("Where it was looked up, for the audit trail"),
            max_length=1_000,
            widget=forms.Textarea(attrs={"rows": 2, "cols": 80}),
        )

    name = "verify"
    button = gettext_lazy("The business data are right")
    meaning = gettext_lazy("Compare them with the public register first. Buyers then see them marked as verified.")
    form_class = CheckedForm

    def refusal(self, row: SellerProfile) -> str:
        if not row.is_business:
            return _("This person does not sell as a business.")
        return _("These data are verified.") if row.verified_at else ""

    def do(self, row: SellerProfile, by: User, **given: Any) -> str:
        publics.verify_business(row, by, given["why"])
        return _("Verified.")


class RefuseBusiness(OfBusiness):
    name = "refuse"
    button = gettext_lazy("The business data are wrong")
    meaning = gettext_lazy("They are not marked as verified any more. The seller is told why.")

    def refusal(self, row: SellerProfile) -> str:
        return "" if row.is_business else _("This person does not sell as a business.")

    def do(self, row: SellerProfile, by: User, **given: Any) -> str:
        publics.refuse_business(row, by, given["why"])
        return _("The seller is told.")


@admin.register(SellerProfile)
class SellerProfileAdmin(ActingAdmin):
    list_display = ["user", "is_business", "business_name", "registration_number", "verified_at", "updated_at"]
    list_filter = ["is_business", ("verified_at", admin.EmptyFieldListFilter)]
    list_select_related = ["user"]
    search_fields = ["user__email", "business_name", "registration_number"]
    acts = [VerifyBusiness, RefuseBusiness]
