from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from generation.engine.checkpoints import Checkpoint
from generation.engine.pictures import Pixels


@dataclass(frozen=True)
class Note:
    """Something that happened in a run and that people should know. Codes and their numbers:

    "overfitting": the penalty is now `gamma_factor` times the recipe's, augmentation at least `p`; `r_v` showed it, or
    `r_t` where no images are held out.
    "collapse", "divergence", "not-finite": back to the weights of `back_to` kimg (0: the first ones), learning rates
    now `lr_factor` times the recipe's, augmentation at least `p`; the `strike`-th time.
    "gave-up-collapse", "gave-up-divergence", "gave-up-not-finite": the third time; the run ends with the weights
    of `best_kimg`.
    "delivers-best": the generator is that of `best_kimg`, with its `score`, `swd` and `swd_floor`.
    "delivers-last": no images were held out to judge by, so the generator is the last sound one, of `best_kimg`.
    "other-machine": the run goes on with another version of PyTorch or another kind of processor.
    """

    code: str
    kimg: float
    numbers: Mapping[str, float] = field(default_factory=dict)

    @property
    def gave_up(self) -> bool:
        return self.code.startswith("gave-up-")


@dataclass(frozen=True)
class Progress:
    """How far a run is. `seconds` is time spent training, without previews and evaluations.

    `samples` are the averaged generator's images for the same latents each time, uint8 [16 or 36,H,W,C]; in the last
    report those of the generator that is delivered. `swd` compares with the held-out images, `swd_floor` is what as
    many real training images score. `r_v`, measured with it, is 0 while the discriminator knows images it learnt no
    better than unseen ones, 1 once it takes the unseen for generated. `notes` are those since the report before.
    """

    kimg: float
    total_kimg: float
    seconds: float
    images_per_second: float
    loss_d: float
    loss_g: float
    augment_p: float
    r_t: float
    swd: float | None
    swd_floor: float | None
    samples: Pixels | None
    checkpoint: Checkpoint | None
    done: bool
    notes: tuple[Note, ...] = ()
    best_kimg: float | None = None
    r_v: float | None = None
