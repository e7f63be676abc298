from generation import jobs

from .conftest import TINY


def test_a_job_becomes_a_dataset(alice, drawn_set, run_all, transactional_db):
    job = jobs.submit(alice, drawn_set(alice), count=100, request=TINY, seed=7)
    assert run_all() == ["train", "sample", "finish"]
    job.refresh_from_db()
    assert (job.state, job.reason, job.traceback) == ("succeeded", "", "")
