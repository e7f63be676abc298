from django.urls import URLPattern, URLResolver, path

from . import api, files_api, reviews_api, sales_api
from .views import checkout, files, library, payouts, receipts, reviews, sales, studio, webhooks

urlpatterns: list[URLPattern | URLResolver] = [
    path("listings/<uuid:public_id>/buy/", checkout.checkout, name="checkout"),
    path("library/", library.library, name="library"),
    path("library/<uuid:public_id>/", library.purchase, name="purchase"),
    path("library/<uuid:public_id>/pay/", checkout.purchase_pay, name="purchase-pay"),
    path("library/<uuid:public_id>/consent/", library.purchase_consent, name="purchase-consent"),
    path("library/<uuid:public_id>/withdraw/", library.purchase_withdraw, name="purchase-withdraw"),
    path("library/<uuid:public_id>/receipt/", receipts.receipt, name="receipt"),
    path("library/<uuid:public_id>/receipt.pdf", receipts.receipt_file, name="receipt-file"),
    path("library/<uuid:public_id>/receipt/send/", receipts.receipt_again, name="receipt-again"),
    path("library/<uuid:public_id>/bundles/<int:number>/", library.purchase_bundle, name="purchase-bundle"),
    path("library/<uuid:public_id>/review/", reviews.review, name="review"),
    path("listings/<uuid:public_id>/reviews/", reviews.listing_reviews, name="listing-reviews"),
    path("listings/<uuid:public_id>/reviews/<int:number>/answer/", reviews.review_answer, name="review-answer"),
    path("payments/<slug:provider>/events/", webhooks.events, name="payment-events"),
    path("payments/<uuid:public_id>/return/", webhooks.payment_return, name="payment-return"),
    path("studio/", studio.studio, name="studio"),
    *files.urlpatterns,
    *sales.urlpatterns,
    *payouts.urlpatterns,
]
api_urlpatterns: list[URLPattern | URLResolver] = [
    path("purchases/", api.PurchaseList.as_view(), name="api-purchases"),
    path("purchases/<uuid:public_id>/", api.PurchaseDetail.as_view(), name="api-purchase"),
    path("purchases/<uuid:public_id>/consent/", api.PurchaseConsent.as_view(), name="api-purchase-consent"),
    path("purchases/<uuid:public_id>/withdraw/", api.PurchaseWithdraw.as_view(), name="api-purchase-withdraw"),
    path("purchases/<uuid:public_id>/receipt/", api.PurchaseReceipt.as_view(), name="api-purchase-receipt"),
    path("purchases/<uuid:public_id>/bundle/", api.PurchaseBundle.as_view(), name="api-purchase-bundle"),
    *files_api.urlpatterns,
    path("purchases/<uuid:public_id>/review/", reviews_api.ReviewOfPurchase.as_view(), name="api-purchase-review"),
    path("listings/<uuid:public_id>/reviews/", reviews_api.ReviewList.as_view(), name="api-reviews"),
    path(
        "listings/<uuid:public_id>/reviews/<int:number>/answer/",
        reviews_api.ReviewAnswer.as_view(),
        name="api-review-answer",
    ),
    path("me/sales/", sales_api.SalesList.as_view(), name="api-sales"),
    path("me/sales/<uuid:public_id>/", sales_api.SaleDetail.as_view(), name="api-sale"),
    path("me/balances/", sales_api.Balances.as_view(), name="api-balances"),
    path("me/payouts/", sales_api.PayoutList.as_view(), name="api-payouts"),
]
