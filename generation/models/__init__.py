from .curation import Curation, CurationStep, Refinement
from .datasets import Dataset, DatasetFile
from .generators import Generator
from .jobs import GenerationJob
from .notifications import Notification
from .sources import SourceImage, SourceSet, Upload
from .tasks import JobEvent, JobTask

__all__ = [
    "Curation",
    "CurationStep",
    "Dataset",
    "DatasetFile",
    "GenerationJob",
    "Generator",
    "JobEvent",
    "JobTask",
    "Notification",
    "Refinement",
    "SourceImage",
    "SourceSet",
    "Upload",
]
