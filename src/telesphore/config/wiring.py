"""Who answers each port, according to the settings. A stand-in refuses to be bound outside a demonstration."""


def bind() -> None:
    """Fill every room's ports."""
    _bind_jobs()
    _bind_vault()
    _bind_links()


def _bind_vault() -> None:
    from telesphore.config.settings import HOME, SETTINGS
    from telesphore.vault import ports

    def file_key() -> ports.MasterKey:
        from telesphore.config.master_key import MASTER_KEY_FILE
        from telesphore.connectors.keyfile.master import FileMasterKey

        return FileMasterKey(MASTER_KEY_FILE)

    def folder() -> ports.BlobStore:
        from telesphore.connectors.folder.store import FolderStore

        return FolderStore(HOME / "vault")

    if SETTINGS["master_key"].value == "file":
        ports.master_key.bind(file_key)
    if SETTINGS["vault_store"].value == "folder":
        ports.store.bind(folder)


def _bind_links() -> None:
    import hashlib
    import hmac

    from telesphore.config.settings import BASE_URL, SECRET_KEY
    from telesphore.links import ports

    ports.base_url.bind(lambda: BASE_URL)
    ports.code_secret.bind(lambda: hmac.digest(SECRET_KEY.encode(), b"links.code_secret", hashlib.sha256))


def _bind_jobs() -> None:
    from telesphore.audit import actions as audit
    from telesphore.jobs import ports

    ports.trail.bind(lambda: audit.record)
