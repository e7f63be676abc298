"""What is public beside listings: reviews, questions, business data. Hidden or verified by staff, with a reason."""

from django.db import transaction
from django.utils import timezone

from marketplace.accounts.models import User
from marketplace.listings import questions
from marketplace.listings.models import Question, SellerProfile
from marketplace.purchases import reviews
from marketplace.purchases.models import Review

from . import audit, telling


@transaction.atomic
def hide(row: Review | Question, by: User, why: str) -> bool:
    done = reviews.hide(row) if isinstance(row, Review) else questions.hide(row)
    if done:
        audit.note(by, f"{row._meta.model_name}.hidden", row, why=why)
        author = row.purchase.buyer if isinstance(row, Review) else row.asker
        telling.note(author, "hidden", str(row.listing), "listing", row.listing.public_id, reason=why)
    return done


@transaction.atomic
def show(row: Review | Question, by: User, why: str) -> bool:
    done = reviews.show(row) if isinstance(row, Review) else questions.show(row)
    if done:
        audit.note(by, f"{row._meta.model_name}.shown", row, why=why)
    return done


@transaction.atomic
def verify_business(row: SellerProfile, by: User, why: str) -> None:
    SellerProfile.objects.filter(pk=row.pk).update(verified_at=timezone.now())
    audit.note(by, "business.verified", row, before=verified(row), why=why)
    telling.note(row.user, "business_verified", row.business_name, "seller-profile")


@transaction.atomic
def refuse_business(row: SellerProfile, by: User, why: str) -> None:
    SellerProfile.objects.filter(pk=row.pk).update(verified_at=None)
    audit.note(by, "business.refused", row, before=verified(row), why=why)
    telling.note(row.user, "business_refused", row.business_name, "seller-profile", reason=why)


def verified(row: SellerProfile) -> dict[str, object]:
    return {"verified_at": row.verified_at}
