"""What somebody would ask of each operation of the API: a body that makes sense, and what has to be there for it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from generation import curation, jobs
from generation.engine.config import RecipeRequest
from generation.models import Dataset, GenerationJob, SourceSet, Upload
from marketplace.accounts.models import User
from marketplace.listings import drafts

from . import goods

Things = dict[str, Any]
SETS = "/api/v1/source-sets/{public_id}/"


@dataclass(frozen=True)
class Proper:
    """`made` takes the place of some of the things: those of Alice's that others of the operation would not do for."""

    body: Any = None
    made: Callable[[User, User], Things] = field(default=lambda _alice, _bob: {})


def an_unsold_dataset(alice: User, _bob: User) -> Things:
    return {"datasets": goods.dataset_of(alice, 2).public_id}


def a_draft(alice: User, _bob: User) -> Things:
    return {"listings": goods.draft_of(alice).public_id}


def a_next_version_in_review(alice: User, _bob: User) -> Things:
    listing = goods.published_of(alice)
    drafts.edit(listing, title="Better shirts", changes="A better title.")
    drafts.submit(listing)
    return {"listings": listing.public_id}


def bought_without_a_review(alice: User, bob: User) -> Things:
    purchase = goods.bought(bob, goods.published_of(alice), "three")
    return {"listings": purchase.version.listing.public_id, "purchases": purchase.public_id}


def a_dataset_with_rejected(alice: User, _bob: User) -> Things:
    dataset = Dataset.objects.filter(owner=alice).latest("pk")
    dataset.generator.recipe |= {"resolution": 32}
    dataset.generator.save()
    curation.reject(dataset, [0])
    return {"datasets": dataset.public_id}


def a_queued_job(alice: User, _bob: User) -> Things:
    source_set = SourceSet.objects.filter(owner=alice).latest("pk")
    job = jobs.submit(alice, source_set, count=1, request=RecipeRequest("quick", 32))
    return {"jobs": job.public_id}


def a_job_with_settings(alice: User, _bob: User) -> Things:
    GenerationJob.objects.update(requested=RecipeRequest("quick", 32).to_dict())
    return {}


def an_upload_that_has_arrived(_alice: User, _bob: User) -> Things:
    upload = Upload.objects.get()
    default_storage.save(upload.part_key(1), ContentFile(b"x"))
    Upload.objects.update(parts=[1])
    return {}


LISTING = {"title": "Coats", "description": "Plain.", "price": 9_900, "licence": "<licence>"}
PROPER = {
    "POST /api/v1/appeals/": Proper({"decision": "<decisions>", "text": "It says all."}),
    "PATCH /api/v1/datasets/{public_id}/": Proper({"name": "Coats"}),
    "DELETE /api/v1/datasets/{public_id}/": Proper(made=an_unsold_dataset),
    "PATCH /api/v1/datasets/{public_id}/curation/": Proper({"reject": [0]}),
    "POST /api/v1/datasets/{public_id}/curation/": Proper({}, a_dataset_with_rejected),
    "POST /api/v1/datasets/{public_id}/files/": Proper({"format": "tar"}),
    "POST /api/v1/follows/": Proper({"seller": "<sellers>"}),
    "POST /api/v1/jobs/": Proper({"source_set": "<source-sets>", "count": 1, "preset": "quick", "resolution": 32}),
    "POST /api/v1/jobs/estimate/": Proper({"source_set": "<source-sets>", "count": 1, "resolution": 32}),
    "POST /api/v1/jobs/{public_id}/again/": Proper({}, a_job_with_settings),
    "POST /api/v1/jobs/{public_id}/cancel/": Proper(made=a_queued_job),
    "POST /api/v1/jobs/{public_id}/stop/": Proper(made=a_queued_job),
    "POST /api/v1/listings/": Proper(LISTING | {"dataset": "<datasets>"}),
    "PATCH /api/v1/listings/{public_id}/": Proper(LISTING, a_draft),
    "DELETE /api/v1/listings/{public_id}/": Proper(made=a_draft),
    "POST /api/v1/listings/{public_id}/decisions/": Proper({"outcome": "suspend", "reason_code": "words"}),
    "POST /api/v1/listings/{public_id}/questions/": Proper({"text": "How many are there?"}),
    "POST /api/v1/listings/{public_id}/recall/": Proper(made=a_next_version_in_review),
    "POST /api/v1/listings/{public_id}/reviews/": Proper({"rating": 5}, bought_without_a_review),
    "POST /api/v1/listings/{public_id}/reviews/{number}/answer/": Proper({"answer": "Thank you."}),
    "POST /api/v1/listings/{public_id}/submit/": Proper(made=a_draft),
    "PATCH /api/v1/me/": Proper({"name": "Ada"}),
    "POST /api/v1/me/questions/{number}/answer/": Proper({"text": "Twenty."}),
    "POST /api/v1/notices/": Proper({"listing": "<listings>", "kind": "other", "text": "Look."}),
    "POST /api/v1/purchases/": Proper({"listing": "<listings>", "licence_accepted": True}),
    "POST /api/v1/purchases/{public_id}/files/": Proper({"format": "tar"}),
    "PATCH /api/v1/purchases/{public_id}/review/": Proper({"rating": 4}),
    "POST /api/v1/source-sets/": Proper(
        {"name": "Coats", "declaration": {"owns_rights": True, "no_recognisable_people": True}}
    ),
    f"PATCH {SETS}": Proper({"name": "Coats"}),
    f"DELETE {SETS}images/": Proper({"which": "rejected"}),
    f"POST {SETS}uploads/": Proper({"file_name": "b.zip", "size": 1}),
    f"POST {SETS}uploads/{{upload_id}}/complete/": Proper(made=an_upload_that_has_arrived),
    f"PUT {SETS}uploads/{{upload_id}}/parts/{{number}}/": Proper(b"x"),
    "POST /api/v1/tokens/": Proper({"name": "notebook", "scopes": ["read"]}),
    "POST /api/v1/wishes/": Proper({"listing": "<listings>"}),
}
# They read by connections of their own, which do not see what a test did not commit: tests/generation/test_streams.py.
STREAMS = {"GET /api/v1/jobs/{public_id}/events/"}
# Which nobody can ask with success of a test's folder, and where that is tested.
NOT_HERE = {
    "POST /api/v1/jobs/{public_id}/resume/": "needs a checkpoint: tests/generation/test_resumed_jobs.py",
    f"POST {SETS}uploads/{{upload_id}}/links/": "needs a store: tests/services",
}
