from django.contrib import admin
from django.urls import include, path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

import generation.urls
import marketplace.accounts.urls
import marketplace.listings.urls
import marketplace.moderation.urls
import marketplace.purchases.urls
from ganerate import leaving, metrics, schema
from ganerate.rest import NoSuchAddress

APPS = [
    generation.urls,
    marketplace.accounts.urls,
    marketplace.listings.urls,
    marketplace.purchases.urls,
    marketplace.moderation.urls,
]

api_urlpatterns = [pattern for app in APPS for pattern in app.api_urlpatterns]

urlpatterns = [
    *[path("", include(app.urlpatterns)) for app in APPS],
    path("profile/data/", leaving.own_data, name="own-data"),
    path("profile/data/export/", leaving.export, name="own-data-export"),
    path("profile/data/close/", leaving.close, name="account-close"),
    path("admin/queues/", include("django_rq.urls")),
    path("admin/", admin.site.urls),
    path("metrics", metrics.metrics, name="metrics"),
    path("language/", include("django.conf.urls.i18n")),
    path("api/v1/schema/", SpectacularAPIView.as_view(generator_class=schema.Generator), name="schema"),
    path("api/v1/docs/", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="api-docs"),
    path("api/v1/", include(api_urlpatterns)),
    re_path(r"^api/", NoSuchAddress.as_view()),
]

handler400 = "ganerate.breakage.bad_request"
handler500 = "ganerate.breakage.server_error"
