"""How long a build of visual patterns takes, its regional stage beside the published procedure, and a frame's answer.

Both sides of the comparison run on one thread in processes of their own, by turns; their time is that of the processor.
Memory is what a side takes at most beyond what it held before.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import torch
from playwright.sync_api import sync_playwright

from backends.visual_patterns import build, train
from backends.visual_patterns.build import Plan
from backends.visual_patterns.results import Results
from backends.visual_patterns.train import Request
from tests import chromium
from tests.benchmarks.figure import Figure, median_seconds
from tests.server import serve

ROOT = Path(__file__).parents[2]
ROUNDS = 3
IMAGES, STEPS = 300, 8
RATE_GOAL, PLAYED_MS = 30, 6000
BUILD_GOAL_S, SPEED_GOAL, MEMORY_GOAL, FRAME_GOAL_MS = 120, 5.0, 0.5, 50
PEER_IMAGES, PEER_CHANNELS = 40, 64
GROWTH = ((75, 8), (150, 8), (300, 8), (150, 4), (150, 12))  # images, regions a side


def run() -> Iterator[Figure]:
    """The page in motion, the stage against its peer and over sizes, then a whole build and its frames."""
    yield from frame_rate()
    yield from regional_stage()
    yield from whole_build()


def regional_stage(images: int = PEER_IMAGES, rounds: int = ROUNDS) -> Iterator[Figure]:
    """Our regional stage against the published one on the same features, and its growth."""
    sides: dict[str, list[Mapping[str, float]]] = {"peer": [], "ours": []}
    for _ in range(rounds):
        for side, found in sides.items():
            found.append(side_of(side, images, 8))
    for side, found in sides.items():
        for name, unit in (("seconds", "s"), ("megabytes", "MB"), ("kl", "nats"), ("similarity", "nats")):
            yield Figure(f"visual_patterns.regions.{side}.{name}", median(f[name] for f in found), unit)
        yield Figure(f"visual_patterns.regions.{side}.alignment", median(f["alignment"] for f in found), "")
    peer, ours = ({name: median(f[name] for f in sides[side]) for name in sides[side][0]} for side in ("peer", "ours"))
    yield Figure("visual_patterns.regions.times_faster", peer["seconds"] / ours["seconds"], "", SPEED_GOAL, lowest=True)
    yield Figure("visual_patterns.regions.memory", ours["megabytes"] / peer["megabytes"], "", MEMORY_GOAL)
    for count, grid in GROWTH:
        found_here = side_of("ours", count, grid)
        name = f"visual_patterns.regions.ours.{count}_images_{grid * grid}_regions"
        yield Figure(f"{name}.seconds", found_here["seconds"], "s")
        yield Figure(f"{name}.megabytes", found_here["megabytes"], "MB")


def side_of(side: str, images: int, grid: int) -> Mapping[str, float]:
    """One run of one side in a fresh process."""
    command = [sys.executable, "-m", "tests.benchmarks.visual_patterns_peer", side]
    command += ["--images", str(images), "--channels", str(PEER_CHANNELS), "--grid", str(grid)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def whole_build(images: int = IMAGES, steps: int = STEPS) -> Iterator[Figure]:
    """A build of the shipped network from nothing, without other projections, and what one of its frames costs."""
    request = Request("emoji", "resnet")
    shipped = train.shipped(request.key)
    chosen = dict(sorted(shipped.items())[-steps:])
    plan = Plan(request, images, compare=(), seed=time.time_ns() % 2**31)  # a seed nobody built leaves nothing to reuse
    with TemporaryDirectory() as out:
        started = time.perf_counter()
        work = build.build(plan, out=Path(out), states=chosen, workers=os.cpu_count() or 1)
        while True:
            try:
                next(work)
            except StopIteration as stop:
                found = Results(stop.value)
                break
        seconds = time.perf_counter() - started
        yield Figure(f"visual_patterns.build.{len(chosen)}_steps_{images}_images", seconds, "s", BUILD_GOAL_S)
        last = len(found.index.steps) - 1
        yield Figure(
            "visual_patterns.frame", 1000 * median_seconds(lambda: _frame(found, last), 20), "ms", FRAME_GOAL_MS
        )


def frame_rate() -> Iterator[Figure]:
    """Frames a second that headless Chromium, without a GPU, draws while the shipped network's training plays."""
    with serve() as server, sync_playwright() as playwright:
        browser = chromium.start(playwright, chromium.find() or "chromium")
        for name, width, height in (("1440", 1440, 1000), ("390", 390, 844)):
            page = browser.new_page(viewport={"width": width, "height": height})
            page.goto(f"{server.url}?tab=visual_patterns")
            page.locator(".atelier-emergence-said").filter(has_text="Truth").wait_for()
            page.get_by_role("button", name="Play training").click()
            intervals = sorted(page.evaluate(_INTERVALS, PLAYED_MS))
            rate = 1000 * len(intervals) / sum(intervals)
            yield Figure(f"visual_patterns.frames_a_second.{name}_px", rate, "1/s", RATE_GOAL, lowest=True)
            late = intervals[int(0.95 * len(intervals))]
            yield Figure(f"visual_patterns.frame_interval_p95.{name}_px", late, "ms")
            page.close()
        browser.close()


_INTERVALS = """(duration) => new Promise((done) => {
  const intervals = [];
  let last = performance.now();
  const until = last + duration;
  const tick = (now) => {
    intervals.push(now - last);
    last = now;
    if (now < until) requestAnimationFrame(tick);
    else done(intervals.filter((one) => one > 0));
  };
  requestAnimationFrame(tick);
})"""


def _frame(found: Results, step: int) -> float:
    """What an answer about one frame computes."""
    with torch.no_grad():
        return found.frame(step, 3).counts(0.5).total
