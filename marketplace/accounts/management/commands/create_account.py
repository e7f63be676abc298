import json
from argparse import ArgumentParser
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.models import Group
from django.core.management.base import BaseCommand, CommandError

from marketplace.accounts.models import ApiToken, User

GROUPS = {"staff": "Moderators", "operator": "Operators", "treasurer": "Treasurers"}


class Command(BaseCommand):
    help = "Makes an account, or finds it, and prints id, e-mail and a fresh API token as JSON."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--name", default="")
        parser.add_argument("--staff", action="store_true", help="may moderate in Django admin")
        parser.add_argument("--operator", action="store_true", help="may watch the work in Django admin, and act on it")
        parser.add_argument("--treasurer", action="store_true", help="may give money back and hold payouts")
        parser.add_argument("--token-scopes", default="", help="comma-separated; empty for no token")
        parser.add_argument("--password", default="", help="left as it is, or unusable, if not given")
        parser.add_argument("--language", default="en", choices=[code for code, _name in settings.LANGUAGES])

    def handle(self, *args: Any, **options: Any) -> None:
        scopes = checked_scopes(options["token_scopes"])
        user = account(options["email"].strip().lower(), options["name"], options["language"])
        if options["password"]:
            user.set_password(options["password"])
        groups = [name for option, name in GROUPS.items() if options[option]]
        user.is_staff = user.is_staff or bool(groups)
        user.save(update_fields=["password", "is_staff"])
        user.groups.add(*Group.objects.filter(name__in=groups))
        text = ApiToken.issue(user, "create_account", scopes)[1] if scopes else None
        self.stdout.write(json.dumps({"id": str(user.public_id), "email": user.email, "token": text}))


def checked_scopes(text: str) -> list[str]:
    scopes = [scope.strip() for scope in text.split(",") if scope.strip()]
    unknown = set(scopes) - set(ApiToken.Scope.values)
    if unknown:
        raise CommandError(f"No such scope: {', '.join(sorted(unknown))}. Scopes: {', '.join(ApiToken.Scope.values)}.")
    return scopes


def account(email: str, name: str, language: str) -> User:
    user = User.objects.filter(email=email).first()
    if user is None:
        user = User.objects.create_user(email, None, name=name or email.partition("@")[0], language=language)
    user.accept_present_terms()
    # Whoever runs this command vouches for the address.
    EmailAddress.objects.update_or_create(user=user, email=email, defaults={"verified": True, "primary": True})
    return user
