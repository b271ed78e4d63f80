"""Names the module that lays out the dashboard, for whoever starts it under its old name."""

import sys

if __name__ == "__main__":
    print("error: no hypnos.report.dashboard; now: python -m hypnos.experiment.sweep.dashboard", file=sys.stderr)
    sys.exit(2)
