"""Receipts: the same facts on the page, in the letter and in the PDF, in Korean and English."""

import io
from datetime import UTC, datetime

import pytest
from django.core import mail
from django.urls import reverse
from fontTools.ttLib import TTFont
from pypdf import PdfReader

from marketplace.accounts import background
from marketplace.accounts.models import User
from marketplace.listings.models import SellerProfile
from marketplace.purchases import checkout, receipt_pdf, receipts, refunds
from marketplace.purchases.models import Purchase

from . import goods

pytestmark = pytest.mark.django_db
BUSINESS = {
    "business_name": "앨리스 이미지", "representative": "김앨리스", "registration_number": "123-45-67891",
    "mail_order_number": "2026-서울강남-1", "address": "서울특별시 강남구 1", "phone": "02-123-4567",
}  # fmt: skip


@pytest.fixture
def business(alice):
    return SellerProfile.objects.create(user=alice, is_business=True, **BUSINESS)


def fresh(purchase: Purchase) -> Purchase:
    return Purchase.objects.select_related("buyer", "version__listing__seller").get(pk=purchase.pk)


def told(purchase: Purchase, language: str) -> dict[str, str]:
    receipt = receipts.of(fresh(purchase), language)
    parts = [receipt.goods, receipt.amounts, [receipt.total], receipt.refunds, receipt.buyer, receipt.seller]
    return {line.name: line.value for part in parts for line in part}


def words_of(pdf: bytes) -> str:
    """What a reader would copy out of it."""
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


@pytest.mark.parametrize("language", ["ko", "en"])
def test_the_file_says_what_the_receipt_says(purchase, business, language):
    row = fresh(purchase)
    pdf = receipts.pdf(row, language)
    words = " ".join(words_of(pdf).split())
    found = told(row, language)
    assert {*BUSINESS.values(), "Alice", "Bob", "bob@example.com", str(row.public_id)} <= set(found.values())
    assert all(" ".join(text.split()) in words for pair in found.items() for text in pair if len(text) < 60)
    assert row.licence_sha256 in words.replace(" ", "")
    assert PdfReader(io.BytesIO(pdf)).root_object["/Lang"] == ("ko" if language == "ko" else "en")


def test_both_languages_write_the_price_their_way(purchase):
    assert (receipts.of(purchase, "ko").total.value, receipts.of(purchase, "en").total.value) == ("9,900원", "₩9,900")


def test_the_tax_is_named_where_there_is_one(bob, published, settings):
    settings.VAT_PERCENT = 10
    found = told(goods.bought(bob, published), "en")
    assert (found["Before VAT"], found["VAT included"], found["Paid"]) == ("₩9,000", "₩900", "₩9,900")


def test_without_a_tax_there_is_no_line_of_it(purchase):
    assert "VAT included" not in told(purchase, "en")


def test_a_test_payment_is_marked_and_said_once(purchase):
    words = words_of(receipts.pdf(fresh(purchase), "en"))
    assert words.count("no money moved, and this is no receipt") == 1


def test_a_free_one_is_no_test(bob, alice):
    receipt = receipts.of(fresh(goods.bought(bob, goods.published_of(alice, price=0))), "en")
    assert not receipt.test
    assert receipt.total.value == "₩0"


def test_a_private_person_is_called_one(purchase):
    found = told(purchase, "en")
    assert found["Sells as"] == "a private person"
    assert "Business name" not in found


def test_refunds_stand_in_it_part_by_part(purchase):
    refunds.refund(purchase, "staff", amount=900)
    refunds.refund(purchase, "staff")
    lines = receipts.of(fresh(purchase), "en").refunds
    assert [line.value for line in lines] == ["−₩900", "−₩9,000"]
    assert all(line.name.startswith("Refunded on") for line in lines)
    assert words_of(receipts.pdf(fresh(purchase), "en")).count("Refunded on") == 2


def test_the_day_is_that_of_the_buyer(purchase, bob):
    Purchase.objects.filter(pk=purchase.pk).update(paid_at=datetime(2026, 11, 30, 15, 30, tzinfo=UTC))
    assert "2026년 12월 1일 오전 12:30" in told(purchase, "ko").values()
    User.objects.filter(pk=bob.pk).update(time_zone="Europe/Berlin")
    assert told(purchase, "en")["Date"].startswith("Nov. 30, 2026, 4:30")


def test_what_was_bought_stays_and_who_sells_is_told_as_of_today(purchase, alice, business):
    SellerProfile.objects.filter(pk=business.pk).update(address="부산광역시 1")
    assert told(purchase, "en")["Address"] == "부산광역시 1"
    assert told(purchase, "en")["Dataset"] == "Generated shirts, version 1"


def test_letters_that_the_font_lacks_are_marked_not_lost(bob, alice):
    listing = goods.published_of(alice, title="猫 뷁 é 🐱 dataset")
    words = words_of(receipts.pdf(fresh(goods.bought(bob, listing)), "en"))
    assert "□ 뷁 é □ dataset, version 1" in words
    assert "stands for letters that this file can't show" in words


def test_every_hangul_syllable_can_be_written():
    for name in ("ganerate-gothic.ttf", "ganerate-gothic-bold.ttf"):
        assert set(range(0xAC00, 0xD7A4)) | set(range(0x20, 0x7F)) | {0x20A9, 0x25A1} <= set(
            TTFont(receipt_pdf.font(name)).getBestCmap()
        )


def test_long_words_make_a_second_page_and_lose_nothing(bob, alice):
    listing = goods.published_of(alice, title="가" * 120)
    SellerProfile.objects.create(user=alice, is_business=True, **BUSINESS | {"address": "긴 주소 " * 60})
    words = words_of(receipts.pdf(fresh(goods.bought(bob, listing)), "ko"))
    assert words.replace("\n", "").count("가") >= 120
    assert words.count("긴") == 60


def test_the_page_has_both_languages_and_the_file(purchase, bob, browser_of):
    browser, path = browser_of(bob), reverse("receipt", args=[purchase.public_id])
    assert 'lang="en"' in browser.get(path).text
    text = browser.get(f"{path}?lang=ko").text
    assert "<h2>영수증</h2>" in text
    assert "?lang=ko" in text
    assert browser.get(f"{path}?lang=xx").context["receipt"].language == "en"


@pytest.mark.parametrize("language", ["ko", "en"])
def test_the_file_is_downloaded(purchase, bob, browser_of, language):
    response = browser_of(bob).get(reverse("receipt-file", args=[purchase.public_id]), {"lang": language})
    assert response["Content-Type"] == "application/pdf"
    assert f'-{language}.pdf"' in response["Content-Disposition"]
    assert response.content.startswith(b"%PDF-")


def test_the_letter_carries_the_file_in_the_buyers_language(purchase, bob):
    User.objects.filter(pk=bob.pk).update(language="ko")
    assert receipts.send(fresh(purchase))
    (letter,) = mail.outbox
    name, pdf, kind = letter.attachments[0]
    assert (name.endswith("-ko.pdf"), kind) == (True, "application/pdf")
    assert "영수증" in words_of(pdf)
    assert "9,900원" in letter.body
    assert f"/library/{purchase.public_id}/" in letter.body
    assert "None" not in letter.body


@pytest.mark.parametrize(("language", "word"), [("en", "Money back"), ("ko", "9,900원")])
def test_the_buyer_hears_of_a_refund_with_the_receipt_that_has_it(purchase, bob, language, word):
    User.objects.filter(pk=bob.pk).update(language=language)
    asked = refunds.refund(fresh(purchase), "withdrawal")
    assert receipts.send_refund(asked.pk)
    (letter,) = mail.outbox
    assert letter.to == [bob.email]
    assert word in letter.subject + letter.body
    assert f"/library/{purchase.public_id}/receipt/" in letter.body
    assert "9,900" in words_of(letter.attachments[0][1])
    assert not receipts.send_refund(0)


def test_a_withdrawal_writes_one_letter(purchase, bob, django_capture_on_commit_callbacks, monkeypatch):
    monkeypatch.setattr(background.django_rq, "get_queue", unreachable)
    with django_capture_on_commit_callbacks(execute=True):
        refunds.withdraw(purchase, bob)
    assert [letter.to for letter in mail.outbox] == [[bob.email]]


def unreachable(_name: str):
    raise OSError


def test_a_receipt_is_sent_again_so_often_and_no_more(purchase, bob, browser_of):
    browser, path = browser_of(bob), reverse("receipt-again", args=[purchase.public_id])
    for _ in range(3):
        assert "on its way to bob@example.com" in browser.post(path, follow=True).text
    assert "Wait an hour" in browser.post(path, follow=True).text
    assert len(mail.outbox) == 3
    assert browser.get(path).status_code == 405


def test_a_letter_that_does_not_go_out_is_said(purchase, bob, browser_of, monkeypatch):
    monkeypatch.setattr(receipts.letters, "write", lambda *_: False)
    path = reverse("receipt-again", args=[purchase.public_id])
    assert "could not be sent" in browser_of(bob).post(path, follow=True).text


def test_there_is_no_receipt_of_what_was_not_paid(published, bob, browser_of, api):
    pending = checkout.begin(bob, published.current, "one")
    browser = browser_of(bob)
    for name in ("receipt", "receipt-file"):
        assert browser.get(reverse(name, args=[pending.public_id])).status_code == 404
    assert browser.post(reverse("receipt-again", args=[pending.public_id])).status_code == 404
    assert api(bob).get(f"/api/v1/purchases/{pending.public_id}/receipt/").status_code == 404


def test_a_receipt_is_for_its_buyer_and_staff(purchase, alice, charlie, mod, browser_of):
    path = reverse("receipt", args=[purchase.public_id])
    assert [browser_of(one).get(path).status_code for one in (alice, charlie, mod)] == [404, 404, 200]
    assert browser_of(mod).post(reverse("receipt-again", args=[purchase.public_id])).status_code == 404


def test_a_program_gets_the_file(purchase, bob, api):
    address = f"/api/v1/purchases/{purchase.public_id}/receipt/"
    assert "영수증" in words_of(api(bob).get(address, {"language": "ko"}).content)
    assert "Receipt" in words_of(api(bob).get(address).content)
    assert api(bob).get(address, {"language": "fr"}).status_code == 400
