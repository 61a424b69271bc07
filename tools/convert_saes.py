"""Makes safetensors of published autoencoders that come as pickles: `python tools/convert_saes.py FOLDER OUT`.

For every `NAME.pt` with `NAME_cfg.json` in FOLDER, as connor_rob's and AttentionRules' are, writes `NAME.safetensors`
and the same settings to OUT. Only tensors are unpickled (`weights_only=True`): a file that holds anything else is
refused. The page itself never reads pickles.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

import safetensors.torch
import torch

PARTS = ("W_enc", "b_enc", "W_dec", "b_dec")


def convert(file: Path, out: Path) -> Path:
    """Writes `file` and its settings to the folder `out`; returns the new file. ValueError if it is something else."""
    settings = file.with_name(f"{file.stem}_cfg.json")
    if not settings.is_file():
        raise ValueError(f"{settings.name} is missing beside it")
    state = torch.load(file, map_location="cpu", weights_only=True)
    if not isinstance(state, dict) or not set(PARTS) <= set(state):
        raise ValueError(f"it does not hold {', '.join(PARTS)}")
    out.mkdir(parents=True, exist_ok=True)
    target = out / f"{file.stem}.safetensors"
    safetensors.torch.save_file({name: state[name].float().contiguous() for name in PARTS}, target)
    shutil.copyfile(settings, out / settings.name)
    return target


def main() -> None:
    """Converts a folder; exits with 1 if a file could not be converted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    failed = 0
    for file in sorted(options.folder.glob("*.pt")):
        try:
            print(convert(file, options.out).name)
        except Exception as error:  # a pickle fails in every imaginable way; the others are still converted
            failed += 1
            print(f"{file.name} is not converted: {str(error).splitlines()[0]}", file=sys.stderr)
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
