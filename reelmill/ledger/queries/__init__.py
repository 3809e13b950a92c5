"""The ledger's statements, one to a file, so that each can be read and explained by itself."""

from functools import cache
from importlib.resources import files


@cache
def query(name: str) -> bytes:
    """The text of `<name>.sql`."""
    return files(__name__).joinpath(f"{name}.sql").read_bytes()
