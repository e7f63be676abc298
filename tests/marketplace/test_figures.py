"""The card of a listing tells what the page of its dataset tells."""

from generation.readings import read
from marketplace.listings.figures import figures
from tests.generation.test_findings import REPORT


def test_a_card_and_a_page_tell_the_same():
    told = {finding.name for part in read(REPORT).findings.values() for finding in part}
    assert len(told) == 8
    assert told <= {figure.name for figure in figures(REPORT)}


def test_nothing_is_called_fid_that_inception_did_not_compute():
    assert "FID" not in [figure.name for figure in figures(REPORT)]
