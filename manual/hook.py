"""Gives the generated pages their place in the site's navigation."""

from pathlib import Path
from typing import Any

from mkdocs.plugins import event_priority

SECTIONS = {"Commands": "commands", "Configuration": "configuration", "Rooms": "rooms"}


@event_priority(100)  # before languages are told apart
def on_config(config: Any) -> Any:
    """Add a section for each kind of generated page."""
    folder = Path(config.docs_dir)
    for title, name in SECTIONS.items():
        config.nav.append({title: sorted(f"{name}/{file.name}" for file in (folder / name).glob("*.md"))})
    return config
