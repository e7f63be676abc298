from django.urls import URLPattern, URLResolver, path

from . import api

urlpatterns: list[URLPattern | URLResolver] = []
api_urlpatterns: list[URLPattern | URLResolver] = [
    path("licences/", api.LicenceList.as_view(), name="api-licences"),
    path("listings/", api.ListingList.as_view(), name="api-listings"),
    path("listings/<uuid:public_id>/", api.ListingDetail.as_view(), name="api-listing"),
    path("listings/<uuid:public_id>/submit/", api.ListingSubmit.as_view(), name="api-listing-submit"),
    path("listings/<uuid:public_id>/withdraw/", api.ListingWithdraw.as_view(), name="api-listing-withdraw"),
    path("listings/<uuid:public_id>/sample/", api.ListingSample.as_view(), name="api-listing-sample"),
]
