from django.urls import URLPattern, URLResolver, path

from . import api
from .views import appeals, notices, takedowns

urlpatterns: list[URLPattern | URLResolver] = [
    path("listings/<uuid:public_id>/report/", notices.listing_report, name="listing-report"),
    path("notices/<uuid:public_id>/", notices.notice, name="notice"),
    path("studio/takedowns/<int:number>/", takedowns.takedown, name="takedown"),
    path("purchases/<uuid:public_id>/takedown/", takedowns.takedown_refund, name="takedown-refund"),
    path("studio/decisions/<int:number>/appeal/", appeals.appeal_new, name="appeal-new"),
    path("profile/suspensions/", appeals.suspensions, name="suspensions"),
    path("profile/suspensions/<int:number>/appeal/", appeals.suspension_appeal, name="suspension-appeal"),
]
api_urlpatterns: list[URLPattern | URLResolver] = [
    path("listings/<uuid:public_id>/decisions/", api.DecisionList.as_view(), name="api-decisions"),
    path("notices/", api.NoticeList.as_view(), name="api-notices"),
    path("appeals/", api.AppealList.as_view(), name="api-appeals"),
]
