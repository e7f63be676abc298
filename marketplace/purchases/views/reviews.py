from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from generation.views.pages import MemberRequest, page_of
from marketplace.listings.access import OffSale, listing_for, own_listing
from marketplace.listings.views.listing import off_sale
from marketplace.purchases import reviews
from marketplace.purchases.access import own_purchases
from marketplace.purchases.forms import AnswerForm, ReviewForm
from marketplace.purchases.models import Purchase, Review


@require_GET
def listing_reviews(request: HttpRequest, public_id: UUID) -> HttpResponse:
    try:
        listing = listing_for(request.user, public_id)
    except OffSale as off:
        return off_sale(request, off.listing)
    if listing.current is None:
        raise Http404
    page = page_of(request, reviews.of_listing(listing), size=20)
    context = {"listing": listing, "page": page, "mine": listing.seller_id == request.user.pk}
    return render(request, "purchases/reviews.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def review(request: MemberRequest, public_id: UUID) -> HttpResponse:
    """Writing one, and changing it once."""
    purchase = own_purchases(request.user).filter(public_id=public_id).exclude(state=Purchase.State.PENDING).first()
    if purchase is None:
        raise Http404
    before = Review.objects.filter(purchase=purchase).first()
    form = ReviewForm(request.POST or None, initial=ReviewForm.values(before) if before else {})
    if form.is_valid():
        try:
            said = (
                reviews.change(before, **form.cleaned_data) if before else reviews.write(purchase, **form.cleaned_data)
            )
            messages.success(request, _("Thank you. Your review is on the page of the dataset."))
            return redirect(said.listing.get_absolute_url() + "#reviews")
        except reviews.ReviewRefused as refused:
            form.add_error(refused.field or None, refused.message)
    context = {"form": form, "purchase": purchase, "version": purchase.version, "before": before}
    return render(request, "purchases/review.html", context, status=422 if form.is_bound else 200)


@login_required
@require_POST
def review_answer(request: MemberRequest, public_id: UUID, number: int) -> HttpResponse:
    """By the seller of the listing."""
    listing = own_listing(request.user, public_id)
    row = get_object_or_404(reviews.of_listing(listing), pk=number)
    form = AnswerForm(request.POST)
    if not form.is_valid():
        context = {"listing": listing, "row": row, "form": form}
        return render(request, "purchases/review_answer.html", context, status=422)
    reviews.answer(row, form.cleaned_data["answer"])
    messages.success(request, _("Your answer stands under the review."))
    return redirect(f"{listing.get_absolute_url()}#review-{row.pk}")
