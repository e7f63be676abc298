from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from generation.views.pages import MemberRequest
from marketplace.purchases import overview


@login_required
@require_GET
def studio(request: MemberRequest) -> HttpResponse:
    return render(request, "purchases/studio.html", overview.of(request.user))
