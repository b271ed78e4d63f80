"""Tasks, answers, metrics, judges and raters: what `evaluate.py` measures models with."""
