from django.urls import URLPattern, URLResolver

from .api import source_sets

urlpatterns: list[URLPattern | URLResolver] = []
api_urlpatterns: list[URLPattern | URLResolver] = [*source_sets.urlpatterns]
websocket_urlpatterns: list[URLPattern | URLResolver] = []
