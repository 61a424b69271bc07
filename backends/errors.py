"""The errors that a person may read: each message says what was wrong and what to do about it."""


class AtelierError(Exception):
    """Base of every expected failure; the page shows its message as a toast titled `title`."""

    title = "Something went wrong"


class InputError(AtelierError):
    """A request that cannot be answered as it stands: an unknown id, a value out of range, a malformed array."""

    title = "This input cannot be used"


class SettingsError(AtelierError):
    """An `ATELIER_*` environment variable with a value that cannot be used."""

    title = "A setting is wrong"


class WeightsError(AtelierError):
    """Weights that cannot be loaded or saved."""

    title = "The model cannot be loaded"


class MissingFileError(WeightsError):
    """A file or an entry that the manifest, or a model's row, promises and that is not there."""


class ChecksumError(WeightsError):
    """A file whose size or SHA-256 differs from the manifest's."""


class UnsafeFormatError(WeightsError):
    """A file that is not safetensors: a pickle, an archive, something larger or elsewhere than allowed."""


def quoted(value: object, longest: int = 40) -> str:
    """What a visitor sent, quoted and cut to `longest` characters, for use in a message."""
    text = repr(value if not isinstance(value, str) else value[: longest + 1])
    return text if len(text) <= longest + 2 else f"{text[:longest]}…"
