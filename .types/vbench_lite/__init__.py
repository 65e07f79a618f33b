"""For mypy alone (see mypy_path in pyproject.toml): where the top folders are imported as."""

__version__: str
