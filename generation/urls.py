from django.urls import URLPattern, URLResolver, path

from .api import datasets, formats, generators, jobs, notifications, source_sets
from .consumers import JobConsumer, PersonConsumer
from .views import dataset_lists, job_forms, job_lists
from .views import datasets as dataset_pages
from .views import formats as format_pages
from .views import generators as generator_pages
from .views import jobs as job_pages
from .views import notifications as notification_pages
from .views import source_sets as source_set_pages

urlpatterns: list[URLPattern | URLResolver] = [
    *source_set_pages.urlpatterns,
    *job_forms.urlpatterns,
    *job_lists.urlpatterns,
    *job_pages.urlpatterns,
    *generator_pages.urlpatterns,
    *dataset_lists.urlpatterns,
    *dataset_pages.urlpatterns,
    *format_pages.urlpatterns,
    *notification_pages.urlpatterns,
]
api_urlpatterns: list[URLPattern | URLResolver] = [
    *source_sets.urlpatterns,
    *jobs.urlpatterns,
    *generators.urlpatterns,
    *datasets.urlpatterns,
    *formats.urlpatterns,
    *notifications.urlpatterns,
]
websocket_urlpatterns: list[URLPattern | URLResolver] = [
    path("ws/jobs/<uuid:public_id>/", JobConsumer.as_asgi()),
    path("ws/me/", PersonConsumer.as_asgi()),
]
