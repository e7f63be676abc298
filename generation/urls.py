from django.urls import URLPattern, URLResolver, path

from .api import datasets, generators, jobs, source_sets
from .consumers import JobConsumer

urlpatterns: list[URLPattern | URLResolver] = []
api_urlpatterns: list[URLPattern | URLResolver] = [
    *source_sets.urlpatterns,
    *jobs.urlpatterns,
    *generators.urlpatterns,
    *datasets.urlpatterns,
]
websocket_urlpatterns: list[URLPattern | URLResolver] = [
    path("ws/jobs/<uuid:public_id>/", JobConsumer.as_asgi()),
]
