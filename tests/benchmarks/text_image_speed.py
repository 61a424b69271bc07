"""How fast the text editor is: first preview, one edit, and what it costs beside diffusers' stock loop.

The stock loop calls the same networks as diffusers' own ControlNet pipelines do, with DPM-Solver++: one ControlNet
over all steps, no hooks, no filters, no masks. Both take turns, so that both meet the same machine.
"""

import time
from collections.abc import Iterator
from functools import partial

import numpy as np
import psutil
import torch
from diffusers import DPMSolverMultistepScheduler

from backends.progress import finish
from backends.text_image.captions import embed
from backends.text_image.edit import edit
from backends.text_image.models import pipeline
from backends.text_image.networks import noise_schedule, to_pixels, to_places
from backends.text_image.pipeline import Canvases
from backends.text_image.regions import box_region
from backends.text_image.requests import EditRequest, Fourier, Options
from tests.benchmarks.figure import Figure, median_seconds

ROUNDS = 5
PREVIEW_GOAL_S, EDIT_GOAL_S, LOOP_GOAL, MEMORY_GOAL_GB = 1.5, 5.0, 1.1, 2.0
SIZES = (256, 1024, 4096)
REGIONS = (1, 2, 4, 8)
BATCHES = (1, 16)


def request(side: int = 512, regions: int = 1, options: Options | None = None) -> EditRequest:
    """A picture of noise with rows of regions of one size, whatever the picture's."""
    image = np.random.default_rng(0).integers(0, 255, (side, side, 3), np.uint8)
    boxes = tuple(box_region(20, 4 + 31 * i, 200, 28, f"Word {i}") for i in range(regions))
    return EditRequest(image, boxes, options or Options())


def run() -> Iterator[Figure]:
    """Seconds, ratios and memory."""
    finish(edit(request()))  # loads what is loaded once
    yield Figure("text_image.first_preview", median_seconds(_first_preview, ROUNDS), "s", PREVIEW_GOAL_S)
    yield Figure("text_image.edit", _seconds(request()), "s", EDIT_GOAL_S)
    yield Figure("text_image.against_stock_loop", _against_stock_loop(), "", LOOP_GOAL)
    for side in SIZES:
        yield Figure(f"text_image.edit.{side}px", _seconds(request(side)), "s")
    for count in REGIONS:
        yield Figure(f"text_image.edit.{count}_regions", _seconds(request(regions=count)), "s")
    yield Figure("text_image.memory", psutil.Process().memory_info().rss / 1e9, "GB", MEMORY_GOAL_GB)
    if torch.cuda.is_available():
        for count in BATCHES:
            canvases = _canvases(count)
            seconds = median_seconds(partial(pipeline(), canvases, Options()), ROUNDS)
            yield Figure(f"text_image.gpu.edits_per_second.batch_{count}", count / seconds, "1/s")


def _seconds(asked: EditRequest) -> float:
    return median_seconds(lambda: finish(edit(asked)), ROUNDS)


def _first_preview() -> None:
    work = edit(request())
    next(work)
    work.close()


def _canvases(count: int) -> Canvases:
    generator = torch.Generator().manual_seed(0)
    image = torch.rand(count, 3, 64, 256, generator=generator) * 2 - 1
    return Canvases(image, image, torch.rand(count, 4, 64, 256, generator=generator), torch.ones(count, 1, 64, 256))


def _against_stock_loop() -> float:
    """Seconds of two stages with IFE, over those of the stock loop; medians of rounds by turns."""
    canvases, options = _canvases(1), Options(noise=1.0, fourier=Fourier())
    ours, stock = [], []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        pipeline()(canvases, options)
        between = time.perf_counter()
        _stock_loop(canvases, options)
        ours.append(between - began)
        stock.append(time.perf_counter() - between)
    return float(np.median(ours) / np.median(stock))


@torch.inference_mode()
def _stock_loop(canvases: Canvases, options: Options) -> torch.Tensor:
    nets = pipeline()
    device = nets.unet.device
    scheduler = DPMSolverMultistepScheduler.from_config(noise_schedule().config, algorithm_type="dpmsolver++")
    scheduler.set_timesteps(options.steps, device=device)
    x = torch.randn(to_places(canvases.image).shape).to(device)
    words = embed(options.caption)[None].to(device)
    hint = torch.cat([canvases.signals, canvases.position], dim=1).to(device)
    for t in scheduler.timesteps:
        down, mid = nets.global_control(x, t, words, hint, return_dict=False)
        predicted = nets.unet(
            x,
            t,
            words,
            down_block_additional_residuals=down,
            mid_block_additional_residual=mid,
            return_dict=False,
        )[0]
        x = scheduler.step(predicted, t, x, return_dict=False)[0]
    return to_pixels(x)
