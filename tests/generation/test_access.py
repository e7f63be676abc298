import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import Http404

from generation import access
from generation.models import SourceSet


@pytest.fixture
def source_set(alice) -> SourceSet:
    return SourceSet.objects.create(owner=alice, name="Hats")


def test_the_owner_and_staff_see_a_set(source_set, alice, mod):
    assert access.source_set_for(alice, source_set.public_id) == source_set
    assert access.source_set_for(mod, source_set.public_id) == source_set


def test_to_everybody_else_it_is_not_there(source_set, charlie):
    for person in (charlie, AnonymousUser()):
        with pytest.raises(Http404):
            access.source_set_for(person, source_set.public_id)


def test_staff_do_not_change_it(source_set, mod):
    with pytest.raises(Http404):
        access.own_source_set(mod, source_set.public_id)


def test_lists_show_own_rows_even_to_staff(source_set, alice, mod):
    assert list(access.visible(SourceSet.objects.all(), alice)) == [source_set]
    assert not access.visible(SourceSet.objects.all(), mod).exists()
    assert not access.visible(SourceSet.objects.all(), AnonymousUser()).exists()


def test_staff_who_left_see_nothing(source_set, mod):
    mod.is_active = False
    with pytest.raises(Http404):
        access.source_set_for(mod, source_set.public_id)
