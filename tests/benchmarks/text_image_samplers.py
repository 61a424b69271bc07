"""Which sampler writes best in few steps: ours, which noises each prediction afresh, beside DDIM and DPM-Solver++.

All of them call the same networks with the same controls at the same steps, as the paper has them; only what happens
between two steps differs. Edits of held-out scenes, read back by the judge; mean NED and its standard deviation over
seeds.
"""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from statistics import mean, stdev

import torch
from diffusers import DPMSolverMultistepScheduler

from backends.text_image.captions import embed
from backends.text_image.enhancement import Recorder
from backends.text_image.models import pipeline
from backends.text_image.networks import STEPS, noise_schedule, to_pixels, to_places
from backends.text_image.pipeline import Canvases, Step, TextGenPipeline, control_at, hints_of, schedule
from backends.text_image.requests import Options
from tests.benchmarks.figure import Figure
from tests.benchmarks.text_image import PAPER, SEEDS, edited, held_out, score

MANY = 40  # scenes each of English and Chinese
COUNTS = (3, 5, 10, 20)


def run() -> Iterator[Figure]:
    """Every sampler at every number of steps."""
    scenes = held_out("latin", MANY) + held_out("hans", MANY)
    samplers = {"fresh_noise": pipeline(), "ddim": Solved(order=1), "dpm_solver_pp": Solved(order=2)}
    for steps in COUNTS:
        for name, sampler in samplers.items():
            options = replace(PAPER, steps=steps)
            found = [score(edited(scenes, replace(options, seed=seed), sampler=sampler), scenes).ned for seed in SEEDS]
            yield Figure(f"text_image.sampler.{name}.{steps}_steps.ned", mean(found), "")
            yield Figure(f"text_image.sampler.{name}.{steps}_steps.ned.sd", stdev(found), "")


class Solved(TextGenPipeline):
    """The pipeline that ships, with DPM-Solver++ between its steps; of the first order it is DDIM."""

    def __init__(self, *, order: int) -> None:
        """`order`: of the solver, 1 to 3."""
        ours = pipeline()
        super().__init__(ours.unet, ours.global_control, ours.detail_control, ours.scheduler)
        self._solver = DPMSolverMultistepScheduler.from_config(
            noise_schedule().config, prediction_type="sample", algorithm_type="dpmsolver++", solver_order=order
        )

    @torch.inference_mode()
    def denoise(
        self, canvases: Canvases, options: Options, seeds: Sequence[int], *, recorder: Recorder | None = None
    ) -> Generator[Step, None, None]:
        """As the pipeline's own, but for the noise, which is drawn once; without enhancement and guidance."""
        timesteps = schedule(options.noise, options.steps)
        self._solver.set_timesteps(timesteps=timesteps)
        start = to_places(canvases.start)
        noise = torch.randn(start.shape, generator=torch.Generator().manual_seed(options.seed))
        x = self.scheduler.add_noise(start, noise, torch.tensor(timesteps[:1]).expand(len(start)))
        hints = hints_of(canvases, options, self.unet.device, self.unet.dtype)
        words = torch.stack([embed(options.caption)] * len(x))
        for index, t in enumerate(self._solver.timesteps):
            time = (int(t) + 1) / STEPS
            control = control_at(options.timeline, time)
            predicted = self.predict(x, t, words, control, hints, options).float().clamp(-1, 1)
            x = self._solver.step(predicted, t, x).prev_sample
            yield Step(index, options.steps, time, control, to_pixels(predicted))
