"""Runs the benchmarks named on the command line, or all of them."""

import sys

from tests.benchmarks import BENCHMARKS, load


def main() -> None:
    """Print each figure as a line of JSON."""
    try:
        chosen = [load(name) for name in sys.argv[1:] or BENCHMARKS]
    except KeyError as error:
        sys.exit(str(error.args[0]))
    for benchmark in chosen:
        for figure in benchmark.run():
            print(figure.line(), flush=True)


if __name__ == "__main__":
    main()
