from django.urls import URLPattern, URLResolver, path

from . import api
from .views import shelf, studio

urlpatterns: list[URLPattern | URLResolver] = [
    path("", shelf.listing_list, name="listing-list"),
    path("listings/<uuid:public_id>/", shelf.listing, name="listing"),
    path("listings/<uuid:public_id>/sample.zip", shelf.listing_sample, name="listing-sample"),
    path("listings/<uuid:public_id>/images/<int:index>/", shelf.listing_image, name="listing-image"),
    path("listings/<uuid:public_id>/cover.webp", shelf.listing_cover, name="listing-cover"),
    path("licences/<slug:code>/<str:version>.txt", shelf.licence_text, name="licence-text"),
    path("studio/listings/", studio.studio_listings, name="studio-listings"),
    path("studio/datasets/<uuid:public_id>/sell/", studio.listing_new, name="listing-new"),
    path("studio/listings/<uuid:public_id>/", studio.listing_edit, name="listing-edit"),
    path("studio/listings/<uuid:public_id>/preview/", studio.listing_preview, name="listing-preview"),
    path("studio/listings/<uuid:public_id>/submit/", studio.listing_submit, name="listing-submit"),
    path("studio/listings/<uuid:public_id>/withdraw/", studio.listing_withdraw, name="listing-withdraw"),
    path("studio/listings/<uuid:public_id>/discard/", studio.listing_discard, name="listing-discard"),
]
api_urlpatterns: list[URLPattern | URLResolver] = [
    path("licences/", api.LicenceList.as_view(), name="api-licences"),
    path("listings/", api.ListingList.as_view(), name="api-listings"),
    path("listings/<uuid:public_id>/", api.ListingDetail.as_view(), name="api-listing"),
    path("listings/<uuid:public_id>/submit/", api.ListingSubmit.as_view(), name="api-listing-submit"),
    path("listings/<uuid:public_id>/withdraw/", api.ListingWithdraw.as_view(), name="api-listing-withdraw"),
    path("listings/<uuid:public_id>/sample/", api.ListingSample.as_view(), name="api-listing-sample"),
]
