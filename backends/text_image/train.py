"""`python -m backends.text_image.train MATERIAL FOLDER` trains the embedded networks, or goes on where it stopped."""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path

from backends import runtime
from backends.text_image.models import embedded
from backends.text_image.training.batches import batches
from backends.text_image.training.monitor import Monitor
from backends.text_image.training.run import Plan, advance, begin_with_base, open_run, save_run

_SAVE_EVERY_S = 600
_LOG_EVERY_S = 20


def main() -> None:
    """Train to the end of the plan or of the time given, saving and measuring every ten minutes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("material", type=Path, help="what python -m backends.text_image.materials fetched")
    parser.add_argument("folder", type=Path, help="of the run: checkpoints, log, previews")
    parser.add_argument("--images", type=int, default=200_000, help="training images in all")
    parser.add_argument("--prior-images", type=int, default=6_000, help="of them, seen by the base alone")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop (and save) after this time")
    parser.add_argument("--columns", type=int, default=640, help="canvas columns a batch: 640 are 5 of 64 x 128")
    parser.add_argument("--workers", type=int, default=max(1, (os.cpu_count() or 2) - 1), help="that render")
    parser.add_argument("--plain", action="store_true", help="without the Fourier branch (for the comparison)")
    parser.add_argument("--freeze-base", action="store_true", help="as in the paper, once the prior is trained")
    parser.add_argument("--shipped-base", action="store_true", help="begin with the base that ships, without a prior")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    runtime.set_threads()
    plan = Plan(options.images, options.prior_images, not options.plain, not options.freeze_base, options.seed)
    run = open_run(plan, options.folder, runtime.device())
    if options.shipped_base and not run.steps:
        begin_with_base(run, embedded().unet)
    data = batches(options.material, pixels=options.columns, seed=plan.seed + run.steps, workers=options.workers)
    monitor = Monitor(options.material)
    options.folder.mkdir(parents=True, exist_ok=True)
    started = saved = logged = time.monotonic()
    losses: dict[str, list[float]] = {}
    with (options.folder / "log.jsonl").open("a") as log:
        for step in advance(run, data):
            losses.setdefault(str(step["stage"]), []).append(float(step["loss"]))
            now = time.monotonic()
            if now - logged > _LOG_EVERY_S:
                means = {stage: sum(found) / len(found) for stage, found in losses.items()}
                log.write(json.dumps({"images": run.seen, "seconds": round(run.seconds), **means}) + "\n")
                log.flush()
                logged, losses = now, {}
            if now - saved > _SAVE_EVERY_S:
                save_run(run)
                if run.stage() != "prior":
                    figures = monitor.measure(run, options.folder / f"preview-{run.seen:07d}.png")
                    log.write(json.dumps({"images": run.seen, **figures}) + "\n")
                saved = time.monotonic()
            if now - started > options.minutes * 60:
                break
    save_run(run)


if __name__ == "__main__":
    main()
