"""What jobs work with, and what comes out of them."""

from django.contrib import admin

from generation.models import Dataset, DatasetFile, Generator, SourceSet, Upload

from .readonly import AnyAdmin, AnyInline, ReadOnly


class FilesOfDataset(ReadOnly, AnyInline):
    model = DatasetFile
    fields = ["kind", "number", "name", "size", "images", "sha256"]
    extra = 0


class UploadsOfSourceSet(ReadOnly, AnyInline):
    model = Upload
    fields = ["file_name", "size", "state", "images_found", "reason", "created_at"]
    readonly_fields = ["created_at"]
    extra = 0


@admin.register(SourceSet)
class SourceSetAdmin(ReadOnly, AnyAdmin):
    list_display = ["name", "version", "owner", "usable_count", "sealed_at", "declared_at", "created_at"]
    list_select_related = ["owner"]
    search_fields = ["name", "public_id", "owner__email"]
    inlines = [UploadsOfSourceSet]


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
