import pytest

from generation.engine.classifier import Classifier
from generation.engine.data import ImageSet, split_holdout


def test_the_classifier_names_shapes_it_has_not_seen(shapes):
    train, holdout = split_holdout(shapes, 0)
    assert Classifier(train, epochs=15).accuracy(holdout) >= 0.8


def test_the_classifier_needs_labels(shapes):
    with pytest.raises(ValueError, match="labelled"):
        Classifier(ImageSet(shapes.pixels, None, (), shapes.names))
