from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import IsAuthenticated


class TokenAuthentication(BaseAuthentication):
    pass


class HasScope(IsAuthenticated):
    pass
