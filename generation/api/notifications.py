from typing import Any

from django.db.models import QuerySet
from django.urls import path, reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from .. import access
from ..models import Notification


class NotificationUrls(serializers.Serializer[Any]):
    job = serializers.URLField(allow_null=True)
    page = serializers.URLField()
    read = serializers.URLField()


class NotificationAnswer(serializers.ModelSerializer[Notification]):
    number = serializers.IntegerField(source="pk")
    title = serializers.CharField(source="name", help_text="What it is about.")
    sentence = serializers.CharField(help_text="What happened, in your language.")
    address = serializers.CharField(source="get_absolute_url", help_text="The page of what it is about, on this site.")
    job = serializers.UUIDField(source="job.public_id", allow_null=True, help_text="Where it is about a job.")
    name = serializers.CharField(source="job.source_set.name", allow_null=True, help_text="Of the job's source set.")
    reason = serializers.CharField(source="job.reason", allow_null=True, help_text="Why the job ended, if known.")
    urls = serializers.SerializerMethodField()

    class Meta:
        model = Notification
        fields = [
            "number", "kind", "title", "sentence", "address", "job", "name", "reason", "created_at", "read_at",
            "mailed_at", "urls",
        ]  # fmt: skip

    @extend_schema_field(NotificationUrls)
    def get_urls(self, row: Notification) -> dict[str, str | None]:
        absolute = self.context["request"].build_absolute_uri
        return {
            "job": absolute(reverse("api-job", args=[row.job.public_id])) if row.job else None,
            "page": absolute(row.get_absolute_url()),
            "read": absolute(reverse("api-notification-read", args=[row.pk])),
        }


class Wanted(serializers.Serializer[Any]):
    unread = serializers.BooleanField(default=False)


class NotificationList(generics.ListAPIView[Notification]):
    required_scope = "generate"
    serializer_class = NotificationAnswer
    queryset = Notification.objects.select_related("job__source_set", "job__dataset")

    def get_queryset(self) -> QuerySet[Notification]:
        mine = access.visible(self.queryset.all(), self.request.user)
        wanted = Wanted(data=self.request.query_params)
        wanted.is_valid(raise_exception=True)
        return mine.unread() if wanted.validated_data["unread"] else mine

    @extend_schema(
        summary="What you were told",
        parameters=[OpenApiParameter("unread", bool, description="Only what you have not read yet.")],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


class Marked(serializers.Serializer[Any]):
    marked = serializers.IntegerField(help_text="How many were unread.")


class NotificationsRead(generics.GenericAPIView[Notification]):
    required_scope = "generate"
    serializer_class = Marked

    @extend_schema(operation_id="notifications_read_all", summary="Mark all as read", request=None, responses=Marked)
    def post(self, request: Request) -> Response:
        return Response({"marked": access.visible(Notification.objects.all(), request.user).mark_read()})


class NotificationRead(generics.GenericAPIView[Notification]):
    required_scope = "generate"
    serializer_class = NotificationAnswer

    @extend_schema(summary="Mark one as read", request=None, responses=NotificationAnswer)
    def post(self, request: Request, number: int) -> Response:
        row = access.own_notification(request.user, number)
        Notification.objects.filter(pk=row.pk).mark_read()
        row.refresh_from_db(fields=["read_at"])
        return Response(self.get_serializer(row).data)


urlpatterns = [
    path("notifications/", NotificationList.as_view(), name="api-notification-list"),
    path("notifications/read/", NotificationsRead.as_view(), name="api-notifications-read"),
    path("notifications/<int:number>/read/", NotificationRead.as_view(), name="api-notification-read"),
]
