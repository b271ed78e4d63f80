"""Two runs of train.py, filter.py or evaluate.py side by side: `python -m hypnos.compare <run> <run>`.

python -m hypnos.compare outputs/general_to_specific/<time> outputs/mixed/<time>
python -m hypnos.compare outputs/filter/<time> outputs/filter/<time>
python -m hypnos.compare outputs/evaluate/<time> outputs/evaluate/<time>
"""

import argparse
from pathlib import Path

from hypnos.errors import one_line


def main(arguments: list[str] | None = None) -> None:
    """Print settings, data, code and numbers of two runs."""
    parser = argparse.ArgumentParser(
        prog="python -m hypnos.compare",
        description="Two runs of one command side by side: settings, data, code, numbers and their paired tests.",
    )
    parser.add_argument("first", type=Path, help="folder of a run, or of an arm of a sweep")
    parser.add_argument("second", type=Path, help="folder of another run of the same command")
    options = parser.parse_args(arguments)
    with one_line(reraise=False):
        from hypnos.experiment.two_runs.compare import compare_runs

        print(compare_runs(options.first, options.second))


if __name__ == "__main__":
    main()
