"""Reviews for the listing's page, which belongs to an app that knows nothing of purchases."""

from typing import Any

from django import template

from marketplace.listings.models import Listing
from marketplace.purchases import reviews
from marketplace.purchases.forms import AnswerForm

register = template.Library()
SHOWN = 4


@register.inclusion_tag("purchases/_reviews.html", takes_context=True)
def reviews_of(context: dict[str, Any], listing: Listing) -> dict[str, Any]:
    user = context["request"].user
    return {
        "listing": listing,
        "reviews": reviews.of_listing(listing)[:SHOWN] if listing.rating_count else [],
        "marks": reviews.marks(listing) if listing.rating_count else [],
        "to_review": reviews.to_review(user, listing) if user.is_authenticated else None,
        "mine": user.pk == listing.seller_id,
        "answer": AnswerForm(auto_id=False),
        "request": context["request"],
        "csrf_token": context.get("csrf_token"),
        "more": listing.rating_count > SHOWN,
    }


@register.inclusion_tag("purchases/_stars.html")
def stars(rating: float) -> dict[str, Any]:
    """Out of five, as a picture and in words."""
    return {"rating": rating, "percent": round(20 * rating), "left": 100 - round(20 * rating)}


@register.filter
def average(listing: Listing) -> float:
    return listing.rating_sum / listing.rating_count if listing.rating_count else 0.0
