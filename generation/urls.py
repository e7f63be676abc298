from django.urls import URLPattern, URLResolver, path

from .api import datasets, generators, jobs, source_sets
from .consumers import JobConsumer
from .views import dataset_lists, job_forms, job_lists
from .views import datasets as dataset_pages
from .views import generators as generator_pages
from .views import jobs as job_pages
from .views import source_sets as source_set_pages

urlpatterns: list[URLPattern | URLResolver] = [
    *source_set_pages.urlpatterns,
    *job_forms.urlpatterns,
    *job_lists.urlpatterns,
    *job_pages.urlpatterns,
    *generator_pages.urlpatterns,
    *dataset_lists.urlpatterns,
    *dataset_pages.urlpatterns,
]
api_urlpatterns: list[URLPattern | URLResolver] = [
    *source_sets.urlpatterns,
    *jobs.urlpatterns,
    *generators.urlpatterns,
    *datasets.urlpatterns,
]
websocket_urlpatterns: list[URLPattern | URLResolver] = [
    path("ws/jobs/<uuid:public_id>/", JobConsumer.as_asgi()),
]
