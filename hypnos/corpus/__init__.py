"""What flows between the three commands: records, files, keys, artefacts."""
