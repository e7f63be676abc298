from django.urls import URLPattern, URLResolver, path

from . import api

urlpatterns: list[URLPattern | URLResolver] = []
api_urlpatterns: list[URLPattern | URLResolver] = [
    path("listings/<uuid:public_id>/decisions/", api.DecisionList.as_view(), name="api-decisions"),
]
