from django import forms
from django.utils.translation import gettext_lazy as _


class CheckoutForm(forms.Form):
    licence_accepted = forms.BooleanField(
        label=_(
            "I accept this licence. I have seen the free sample and the quality report, and know that once the "
            "download has begun I can no longer withdraw from the purchase."
        ),
    )
    attempt_key = forms.CharField(widget=forms.HiddenInput, max_length=80)
