from django.urls import URLPattern, URLResolver, path

from . import api, views

urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.listing_list, name="listing-list"),
    path("listings/<uuid:public_id>/", views.listing, name="listing"),
    path("listings/<uuid:public_id>/sample.zip", views.listing_sample, name="listing-sample"),
    path("listings/<uuid:public_id>/images/<int:index>/", views.listing_image, name="listing-image"),
    path("studio/listings/", views.studio_listings, name="studio-listings"),
    path("studio/datasets/<uuid:public_id>/sell/", views.listing_new, name="listing-new"),
    path("studio/listings/<uuid:public_id>/", views.listing_edit, name="listing-edit"),
    path("studio/listings/<uuid:public_id>/submit/", views.listing_submit, name="listing-submit"),
    path("studio/listings/<uuid:public_id>/withdraw/", views.listing_withdraw, name="listing-withdraw"),
]
api_urlpatterns: list[URLPattern | URLResolver] = [
    path("licences/", api.LicenceList.as_view(), name="api-licences"),
    path("listings/", api.ListingList.as_view(), name="api-listings"),
    path("listings/<uuid:public_id>/", api.ListingDetail.as_view(), name="api-listing"),
    path("listings/<uuid:public_id>/submit/", api.ListingSubmit.as_view(), name="api-listing-submit"),
    path("listings/<uuid:public_id>/withdraw/", api.ListingWithdraw.as_view(), name="api-listing-withdraw"),
    path("listings/<uuid:public_id>/sample/", api.ListingSample.as_view(), name="api-listing-sample"),
]
