from .datasets import Dataset, DatasetFile
from .generators import Generator
from .jobs import GenerationJob
from .sources import SourceImage, SourceSet, Upload
from .tasks import JobEvent, JobTask

__all__ = [
    "Dataset",
    "DatasetFile",
    "GenerationJob",
    "Generator",
    "JobEvent",
    "JobTask",
    "SourceImage",
    "SourceSet",
    "Upload",
]
