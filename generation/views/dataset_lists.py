from django.contrib.auth.decorators import login_required
from django.db.models.functions import Lower
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from generation.access import visible
from generation.models import Dataset

from .pages import page_of

SORTS: dict[str, tuple[str | Promise, str | Lower]] = {
    "newest": (_("Newest first"), "-created_at"),
    "oldest": (_("Oldest first"), "created_at"),
    "name": (_("By name"), Lower("name")),
    "images": (_("Most images first"), "-count"),
    "size": (_("Largest first"), "-size"),
}


@login_required
@require_GET
def dataset_list(request: HttpRequest) -> HttpResponse:
    mine = visible(Dataset.objects.all(), request.user)
    resolutions = list(mine.order_by("resolution").values_list("resolution", flat=True).distinct())
    words, resolution, sort = (request.GET.get(name, "") for name in ("q", "resolution", "sort"))
    found = mine.filter(name__icontains=words.strip()) if words.strip() else mine
    found = found.filter(resolution=int(resolution)) if resolution in map(str, resolutions) else found
    sort = sort if sort in SORTS else "newest"
    context = {
        "page": page_of(request, found.order_by(SORTS[sort][1], "-pk")),
        "any": bool(resolutions),
        "resolutions": resolutions,
        "sorts": [(value, name) for value, (name, _order) in SORTS.items()],
        "asked": {"q": words, "resolution": resolution, "sort": sort},
    }
    return render(request, "datasets/list.html", context)


urlpatterns = [path("studio/datasets/", dataset_list, name="dataset-list")]
