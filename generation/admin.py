"""Staff look at how work goes. Nothing of it is edited here: rows of jobs are the truth, and workers write them."""

from typing import TYPE_CHECKING

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from .models import Dataset, DatasetFile, GenerationJob, Generator, JobEvent, JobTask, SourceSet, Upload

if TYPE_CHECKING:
    AnyAdmin = admin.ModelAdmin[Model]
    AnyInline = admin.TabularInline[Model, Model]
else:
    AnyAdmin, AnyInline = admin.ModelAdmin, admin.TabularInline


class ReadOnly:
    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class TasksOfJob(ReadOnly, AnyInline):
    model = JobTask
    fields = ["kind", "first", "count", "state", "attempt", "worker", "lease_until", "last_error"]
    extra = 0


class FilesOfDataset(ReadOnly, AnyInline):
    model = DatasetFile
    fields = ["kind", "number", "name", "size", "images", "sha256"]
    extra = 0


class UploadsOfSourceSet(ReadOnly, AnyInline):
    model = Upload
    fields = ["file_name", "size", "state", "images_found", "reason", "created_at"]
    extra = 0


@admin.register(SourceSet)
class SourceSetAdmin(ReadOnly, AnyAdmin):
    list_display = ["name", "version", "owner", "usable_count", "sealed_at", "declared_at", "created_at"]
    list_select_related = ["owner"]
    search_fields = ["name", "public_id", "owner__email"]
    inlines = [UploadsOfSourceSet]


@admin.register(GenerationJob)
class GenerationJobAdmin(ReadOnly, AnyAdmin):
    list_display = ["public_id", "source_set", "owner", "count", "state", "stage", "created_at", "finished_at"]
    list_filter = ["state", "stage"]
    list_select_related = ["source_set", "owner"]
    search_fields = ["public_id", "source_set__name", "owner__email"]
    inlines = [TasksOfJob]


@admin.register(JobTask)
class JobTaskAdmin(ReadOnly, AnyAdmin):
    list_display = ["id", "job", "upload", "kind", "queue", "state", "attempt", "fence", "lease_until", "worker"]
    list_filter = ["queue", "state", "kind"]
    list_select_related = ["job__source_set", "upload"]


@admin.register(JobEvent)
class JobEventAdmin(ReadOnly, AnyAdmin):
    list_display = ["job", "number", "kind", "created_at"]
    list_filter = ["kind"]
    list_select_related = ["job__source_set"]
    search_fields = ["=job__public_id"]
    ordering = ["-id"]


@admin.register(Generator)
class GeneratorAdmin(ReadOnly, AnyAdmin):
    list_display = ["public_id", "source_set", "owner", "size", "next_slot", "created_at"]
    list_select_related = ["source_set", "owner"]
    search_fields = ["public_id", "source_set__name", "owner__email"]


@admin.register(Dataset)
class DatasetAdmin(ReadOnly, AnyAdmin):
    list_display = ["name", "owner", "count", "resolution", "size", "content_hash", "created_at"]
    list_select_related = ["owner"]
    search_fields = ["name", "public_id", "content_hash", "owner__email"]
    inlines = [FilesOfDataset]
