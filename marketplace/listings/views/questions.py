"""Questions before a purchase: asked on the listing's page, answered in the studio."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from generation import notifications
from generation.views.pages import MemberRequest, page_of
from marketplace.accounts.models import User

from .. import questions
from ..access import OffSale, listing_for, version_for
from ..models import Listing, Question
from .listing import off_sale


class TextForm(forms.Form):
    text = forms.CharField(
        label=gettext_lazy("Your question"),
        widget=forms.Textarea(attrs={"rows": 4, "maxlength": questions.LENGTHS[1]}),
        help_text=gettext_lazy("Answered questions are shown on this page, without your name."),
    )


class AnswerForm(forms.Form):
    text = forms.CharField(
        label=gettext_lazy("Your answer"),
        widget=forms.Textarea(attrs={"rows": 5, "maxlength": questions.LENGTHS[1]}),
        help_text=gettext_lazy("Everybody sees it on the listing's page, below the question."),
    )


@require_http_methods(["GET", "POST"])
def listing_questions(request: HttpRequest, public_id: UUID) -> HttpResponse:
    try:
        listing = listing_for(request.user, public_id)
    except OffSale as off:
        return off_sale(request, off.listing)
    form = TextForm(request.POST or None)
    if request.method == "POST" and not isinstance(request.user, User):
        return redirect_to_login(request.path)
    if form.is_valid() and asked(request, listing, form):
        return redirect("listing-questions", public_id)
    context = {
        "listing": listing,
        "version": version_for(request.user, listing),
        "form": form,
        "page": page_of(request, questions.shown_on(listing, request.user)),
        "mine": listing.seller_id == request.user.pk,
        "on_sale": listing.state == Listing.State.PUBLISHED,
    }
    return render(request, "listings/questions.html", context, status=422 if form.is_bound else 200)


def asked(request: HttpRequest, listing: Listing, form: TextForm) -> bool:
    assert isinstance(request.user, User)
    try:
        questions.ask(request.user, listing, form.cleaned_data["text"])
    except questions.QuestionRefused as refused:
        form.add_error("text", refused.message)
        return False
    messages.success(request, _("Asked. You are told when the seller has answered."))
    return True


@login_required
@require_GET
def studio_questions(request: MemberRequest) -> HttpResponse:
    rows = questions.of_seller(request.user)
    waiting = rows.filter(answered_at__isnull=True).count()
    return render(request, "listings/asked.html", {"page": page_of(request, rows), "waiting": waiting})


@login_required
@require_http_methods(["GET", "POST"])
def question_answer(request: MemberRequest, number: int) -> HttpResponse:
    question = questions.to_answer(request.user, number)
    form = AnswerForm(request.POST or None, initial={"text": question.answer})
    if form.is_valid() and answered(request, question, form):
        return redirect("studio-questions")
    notifications.seen_at(request.user.pk, request.path)
    context = {"question": question, "listing": question.listing, "form": form}
    return render(request, "listings/answer.html", context, status=422 if form.is_bound else 200)


def answered(request: MemberRequest, question: Question, form: AnswerForm) -> bool:
    try:
        saved = questions.answer(question, form.cleaned_data["text"])
    except questions.QuestionRefused as refused:
        form.add_error("text", refused.message)
        return False
    notifications.seen_at(request.user.pk, request.path)
    if saved:
        messages.success(request, _("Answered. It is shown on the listing's page now."))
    else:
        messages.error(request, questions.hidden_meanwhile())
    return True


urlpatterns = [
    path("listings/<uuid:public_id>/questions/", listing_questions, name="listing-questions"),
    path("studio/questions/", studio_questions, name="studio-questions"),
    path("studio/questions/<int:number>/", question_answer, name="question-answer"),
]
