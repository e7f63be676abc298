from .datasets import Dataset, DatasetFile
from .generators import Generator
from .jobs import GenerationJob, JobEvent, JobTask
from .sources import SourceImage, SourceSet, Upload

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
