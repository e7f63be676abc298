from django import template

from generation import lineage, waiting
from generation.lineage import Change
from generation.models import GenerationJob
from generation.waiting import Waiting

register = template.Library()


@register.simple_tag
def waiting_of(job: GenerationJob) -> Waiting | None:
    return waiting.of(job)


@register.simple_tag
def changes_of(job: GenerationJob) -> list[Change]:
    return lineage.changes(job)


@register.simple_tag
def children_of(job: GenerationJob) -> list[GenerationJob]:
    return lineage.children(job)
