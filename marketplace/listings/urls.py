from django.urls import URLPattern, URLResolver, path

from . import api, following_api, sellers_api
from .views import following, listing, questions, sellers, shelf, studio

urlpatterns: list[URLPattern | URLResolver] = [
    path("", shelf.listing_list, name="listing-list"),
    path("listings/<uuid:public_id>/", listing.listing, name="listing"),
    path("listings/<uuid:public_id>/sample.zip", listing.listing_sample, name="listing-sample"),
    path("listings/<uuid:public_id>/images/<int:index>/", listing.listing_image, name="listing-image"),
    path("listings/<uuid:public_id>/card.md", listing.listing_card, name="listing-card"),
    path("listings/<uuid:public_id>/croissant.json", listing.listing_croissant, name="listing-croissant"),
    path("listings/<uuid:public_id>/cover.webp", shelf.listing_cover, name="listing-cover"),
    path("licences/<slug:code>/<str:version>.txt", shelf.licence_text, name="licence-text"),
    path("listings/<uuid:public_id>/wish/", following.wish, name="wish"),
    path("wishes/", following.wishes, name="wishes"),
    path("sellers/<uuid:public_id>/follow/", following.follow, name="follow"),
    path("follows/", following.followed_sellers, name="followed-sellers"),
    path("studio/listings/", studio.studio_listings, name="studio-listings"),
    path("studio/datasets/<uuid:public_id>/sell/", studio.listing_new, name="listing-new"),
    path("studio/listings/description/", studio.markdown_preview, name="markdown-preview"),
    path("studio/listings/<uuid:public_id>/", studio.listing_edit, name="listing-edit"),
    path("studio/listings/<uuid:public_id>/preview/", studio.listing_preview, name="listing-preview"),
    path("studio/listings/<uuid:public_id>/submit/", studio.listing_submit, name="listing-submit"),
    path("studio/listings/<uuid:public_id>/recall/", studio.listing_recall, name="listing-recall"),
    path("studio/listings/<uuid:public_id>/withdraw/", studio.listing_withdraw, name="listing-withdraw"),
    path("studio/listings/<uuid:public_id>/discard/", studio.listing_discard, name="listing-discard"),
    *questions.urlpatterns,
    *sellers.urlpatterns,
]
api_urlpatterns: list[URLPattern | URLResolver] = [
    path("licences/", api.LicenceList.as_view(), name="api-licences"),
    path("listings/", api.ListingList.as_view(), name="api-listings"),
    path("listings/<uuid:public_id>/", api.ListingDetail.as_view(), name="api-listing"),
    path("listings/<uuid:public_id>/submit/", api.ListingSubmit.as_view(), name="api-listing-submit"),
    path("listings/<uuid:public_id>/recall/", api.ListingRecall.as_view(), name="api-listing-recall"),
    path("listings/<uuid:public_id>/withdraw/", api.ListingWithdraw.as_view(), name="api-listing-withdraw"),
    path("listings/<uuid:public_id>/sample/", api.ListingSample.as_view(), name="api-listing-sample"),
    path("wishes/", following_api.WishList.as_view(), name="api-wishes"),
    path("wishes/<uuid:public_id>/", following_api.WishDetail.as_view(), name="api-wish"),
    path("follows/", following_api.FollowList.as_view(), name="api-follows"),
    path("follows/<uuid:public_id>/", following_api.FollowDetail.as_view(), name="api-follow"),
    path("listings/<uuid:public_id>/questions/", sellers_api.QuestionList.as_view(), name="api-listing-questions"),
    path("me/questions/", sellers_api.MyQuestions.as_view(), name="api-my-questions"),
    path("me/questions/<int:number>/answer/", sellers_api.AnswerQuestion.as_view(), name="api-question-answer"),
    path("sellers/<uuid:public_id>/", sellers_api.Seller.as_view(), name="api-seller"),
]
