"""What the demo shows in the terminal: numbered steps, and one moving line while the job runs."""

import time
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn


class Display:
    def __init__(self) -> None:
        self.console = Console(highlight=False, soft_wrap=True)
        self.started = time.monotonic()

    def step(self, text: str) -> None:
        self.console.print(f"[bold cyan]{self.elapsed:>5.0f} s[/]  {text}")

    def detail(self, text: str) -> None:
        self.console.print(f"         [dim]{text}[/]")

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self.started

    def watch(self) -> "JobBar":
        return JobBar(self)


class JobBar:
    """Draws events of a job: a bar on a terminal, a line every ten seconds elsewhere."""

    def __init__(self, display: Display) -> None:
        self.display = display
        self.bar = Progress(
            TextColumn("         {task.fields[stage]:<10}"),
            BarColumn(bar_width=30),
            TextColumn("{task.percentage:>3.0f} %  {task.fields[figures]}"),
            TimeElapsedColumn(),
            console=display.console,
            disable=not display.console.is_terminal,
        )
        self.line = self.bar.add_task("job", total=1.0, stage="queued", figures="")
        self.told = 0.0

    def __enter__(self) -> "JobBar":
        self.bar.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.bar.stop()

    def show(self, event: dict[str, Any]) -> None:
        data = event["data"]
        stage, figures = event["stage"], describe(data)
        if "fraction" in data:
            self.bar.update(self.line, completed=data["fraction"], stage=stage, figures=figures)
            self._tell(f"{stage:<10} {data['fraction']:>4.0%}  {figures}")
        elif event["kind"] in ("stage", "resumed", "resolved"):
            self.bar.update(self.line, completed=0, stage=stage, figures="")

    def _tell(self, text: str) -> None:
        if not self.display.console.is_terminal and time.monotonic() - self.told > 10:
            self.told = time.monotonic()
            self.display.detail(text)


def describe(data: dict[str, Any]) -> str:
    parts = []
    if "total_kimg" in data:
        parts.append(f"{data['kimg']:.1f} of {data['total_kimg']:.0f} thousand images seen")
    if data.get("images_per_second"):
        parts.append(f"{data['images_per_second']:.0f}/s")
    if data.get("loss_d") is not None:
        parts.append(f"loss D {data['loss_d']:.2f} G {data['loss_g']:.2f}")
    if data.get("swd") is not None:
        parts.append(f"SWD {data['swd']:.0f} (floor {data['swd_floor']:.0f})")
    if "done" in data and "of" in data:
        parts.append(f"{data['done']:,} of {data['of']:,} images")
    if data.get("seconds_left"):
        low, high = data["seconds_left"]
        parts.append(f"{low:.0f} to {high:.0f} s left")
    return "  ".join(parts)
