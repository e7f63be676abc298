from django import template

from marketplace.accounts.models import User
from marketplace.listings import questions
from marketplace.listings.models import Listing, Question

register = template.Library()

SHOWN = 20


@register.simple_tag(takes_context=True)
def questions_of(context: template.Context, listing: Listing) -> list[Question]:
    """The newest, as whoever looks at the page may see them."""
    return list(questions.shown_on(listing, context["request"].user)[:SHOWN])


@register.simple_tag
def questions_waiting(seller: User) -> int:
    return questions.of_seller(seller).filter(answered_at__isnull=True).count()
