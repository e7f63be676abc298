"""What the benchmarks of many hosts do with a site's own functions. One JSON value on standard output.

python -m benchmarks.services.job trained | more GENERATOR COUNT | told JOB | read JOB | …: the functions below
"""

import hashlib
import json
import sys
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from typing import Any

import django

Told = dict[str, Any]  # Any: JSON values

RESOLUTION = 64
TRAINED_KIMG = 0.32
SEED = 1


def main() -> None:
    django.setup()
    command, *arguments = sys.argv[1:]
    commands: list[Callable[..., Told]] = [trained, more, again, queued, over, told, read]
    print(json.dumps(next(act for act in commands if act.__name__ == command)(*arguments)))


def trained(resolution: str = str(RESOLUTION)) -> Told:
    """A generator whose images are worth nothing and take as long to make as any."""
    from benchmarks.sampling.job import drawn
    from generation import jobs, tasks
    from generation.engine.config import RecipeRequest
    from generation.models import GenerationJob

    owner = person()
    request = RecipeRequest("quick", int(resolution), kimg=TRAINED_KIMG)
    job = jobs.submit(owner, drawn(owner), count=64, request=request, seed=SEED)
    while not over(str(job.pk))["over"]:
        # Where the site has workers, one of them may have been quicker.
        if not any(tasks.run_next(queue) for queue in ("training", "sampling")):
            time.sleep(0.5)
    job = GenerationJob.objects.get(pk=job.pk)
    if job.generator is None:
        raise SystemExit(f"{job.state}: {job.reason} {job.traceback}")
    return {"generator": str(job.generator.public_id)}


def more(generator: str, count: str) -> Told:
    """A job with slots from the first on: of a generator with the same weights, so that its images are the same."""
    from generation.models import Generator

    twin = Generator.objects.get(public_id=generator)
    twin.pk, twin.next_slot = None, 0
    twin.public_id = Generator._meta.get_field("public_id").get_default()
    twin.save()
    return again(str(twin.public_id), count)


def again(generator: str, count: str) -> Told:
    """A job with the next slots of this generator."""
    from generation import tasks

    job = queued(generator, count)
    # Nothing is trained: the task shares the slots out.
    tasks.run_next("training")
    return job


def queued(generator: str, count: str) -> Told:
    """The same, where the site has a worker for that too."""
    from generation import jobs
    from generation.models import Generator

    found = Generator.objects.get(public_id=generator)
    return {"job": jobs.more(person(), found, count=int(count), seed=SEED).pk}


def over(job: str) -> Told:
    """Whether nothing is left to do, with the last image measured too."""
    from generation.models import GenerationJob

    found = GenerationJob.objects.get(pk=job)
    return {"over": found.is_terminal and not found.tasks.filter(state__in=("queued", "running")).exists()}


def told(job: str) -> Told:
    from generation.models import GenerationJob

    found = GenerationJob.objects.get(pk=job)
    if found.state != "succeeded":
        raise SystemExit(f"{found.state}: {found.reason} {found.traceback}")
    tasks = found.tasks.filter(kind="sample").order_by("first")
    return {
        "seconds": found.seconds,
        "manifest": found.dataset.files.get(kind="manifest").sha256,
        "attempts": list(tasks.values_list("attempt", flat=True)),
        "workers": Counter(worker.partition(":")[0] for worker in tasks.values_list("worker", flat=True)),
        "numbers": list(found.events.order_by("number").values_list("number", flat=True)),
        "left": left(found),
    }


def left(job: Any) -> list[str]:  # Any: models are there after setup()
    """Shards that nobody needs any more."""
    from django.core.files.storage import default_storage

    from generation import leftovers

    try:
        return list(default_storage.listdir(leftovers.shard_folder(job))[1])
    except FileNotFoundError:
        return []  # gone, folder and all


def read(job: str) -> Told:
    """The bundle, image by image, beside the manifest in it."""
    from generation import ranges
    from generation.models import GenerationJob

    parts = GenerationJob.objects.get(pk=job).dataset.files.filter(kind="bundle").order_by("number")
    names: dict[str, str] = {}
    for part in parts:
        with zipfile.ZipFile(ranges.opened(part.key, part.size)) as archive:
            for name in archive.namelist():
                if name.startswith("images/"):
                    names[name] = hashlib.sha256(archive.read(name)).hexdigest()
            if part.number == 1:
                lines = [json.loads(line) for line in archive.read("manifest.jsonl").splitlines()]
    return {
        "images": len(names),
        "different": len(set(names.values())),
        "slots": len({line["slot"] for line in lines}),
        "wrong": sum(names.get(line["file"]) != line["sha256"] for line in lines),
        "parts": len(parts),
    }


def person() -> Any:  # Any: models are there after setup()
    from marketplace.accounts.models import User

    return User.objects.get_or_create(email="bench@example.com", defaults={"name": "Bench"})[0]


if __name__ == "__main__":
    main()
