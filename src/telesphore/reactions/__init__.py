"""When this, then that: one file per consequence between rooms, named after its effect.

A reaction is a function of one fact; it is run by a worker, at least once, so it bears being run twice.
"""


def register() -> None:
    """Import every reaction, so that the jobs room knows who reacts to which fact."""
    import importlib
    import pkgutil

    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
