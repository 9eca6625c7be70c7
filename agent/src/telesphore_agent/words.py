"""What the holder reads: French first, English beside it."""

_WORDS = {
    # The window
    "title": ("Télesphore", "Telesphore"),
    "asks-identity": ("{origin} vous demande de vous identifier.", "{origin} asks you to identify yourself."),
    "asks-one": ("{origin} vous demande de signer ce document.", "{origin} asks you to sign this document."),
    "asks-many": (
        "{origin} vous demande de signer ces {count} documents.",
        "{origin} asks you to sign these {count} documents.",
    ),
    "purpose": ("Ce que vous signez : {purpose}", "What signing means: {purpose}"),
    "one-page": ("1 page", "1 page"),
    "pages": ("{count} pages", "{count} pages"),
    "fingerprint": ("empreinte {fingerprint}", "fingerprint {fingerprint}"),
    "card": ("Carte : {card}", "Card: {card}"),
    "pin": ("Code de votre carte", "PIN of your card"),
    "keypad": (
        "Acceptez, puis composez votre code sur le clavier du lecteur.",
        "Agree, then type your PIN on the reader’s keypad.",
    ),
    "last-try": (
        "Dernier essai : un code faux bloquera la carte.",
        "Last try: a wrong PIN will lock the card.",
    ),
    "refuse": ("Refuser", "Refuse"),
    "sign": ("Signer", "Sign"),
    "identify": ("M’identifier", "Identify me"),
    "stop": ("Arrêter", "Stop"),
    "working": (
        "{done} sur {count}. Laissez la carte en place.",
        "{done} of {count}. Leave the card in place.",
    ),
    # The terminal
    "terminal-pin": ("Code de votre carte (rien pour refuser) : ", "PIN of your card (nothing to refuse): "),
    "terminal-keypad": ("Entrée pour accepter, « non » pour refuser : ", "Enter to agree, “no” to refuse: "),
    "no": ("non", "no"),
    "closed": ("La demande est close.", "The request is closed."),
    # The commands
    "paired": (
        "Ce poste est jumelé avec {origin}. Lancez l’agent : telesphore-agent run",
        "This workstation is paired with {origin}. Start the agent: telesphore-agent run",
    ),
    "unpaired": ("Ce poste n’est plus jumelé avec {origin}.", "This workstation is no longer paired with {origin}."),
    "not-paired": ("Ce poste n’est pas jumelé avec {origin}.", "This workstation is not paired with {origin}."),
    "none-paired": (
        (
            "Ce poste n’est jumelé avec aucun serveur. Demandez un code à la page « Postes » du vôtre, puis : "
            "telesphore-agent pair https://serveur CODE"
        ),
        (
            "This workstation is paired with no server. Ask the page “Workstations” of yours for a code, then: "
            "telesphore-agent pair https://server CODE"
        ),
    ),
    "ports-taken": (
        "Les ports {ports} sont pris : l’agent tourne peut-être déjà.",
        "Ports {ports} are taken: perhaps the agent runs already.",
    ),
    "no-window": (
        "Aucune fenêtre ne peut s’ouvrir ici (écran ou Tk absent). Essayez : telesphore-agent run --terminal",
        "No window can open here (no screen, or no Tk). Try: telesphore-agent run --terminal",
    ),
    "no-terminal": ("--terminal demande un vrai terminal.", "--terminal needs a real terminal."),
    "library": ("Bibliothèque : {path}", "Library: {path}"),
    "reader": ("Lecteur : {name}, {state}", "Reader: {name}, {state}"),
    "with-card": ("avec une carte", "with a card"),
    "without-card": ("sans carte", "without card"),
    "no-service": (
        "Le service PC/SC ne répond pas : aucun lecteur n’est visible.",
        "The PC/SC service does not answer: no reader can be seen.",
    ),
    # Refusals, where the agent itself tells them
    "no-reader": ("Aucun lecteur de carte.", "No card reader."),
    "no-card": ("Aucune carte dans le lecteur.", "No card in the reader."),
    "unknown-card": ("Cette carte n’est pas reconnue.", "This card is not recognised."),
    "no-module": (
        "La bibliothèque de la carte n’est pas installée (Cryptolib CPS), ou --module dit où elle est.",
        "The card’s library is not installed (Cryptolib CPS), or --module says where it is.",
    ),
    "module-broken": ("La bibliothèque de la carte ne répond pas.", "The card’s library does not answer."),
    "code-malformed": (
        "Un code a dix lettres et chiffres, comme ABCDE-FGHJK.",
        "A code has ten letters and digits, as ABCDE-FGHJK.",
    ),
    "address-malformed": (
        "L’adresse d’un serveur s’écrit comme https://telesphore.exemple.fr",
        "A server’s address is written as https://telesphore.example.org",
    ),
    "address-not-https": ("L’adresse du serveur commence par https://", "The server’s address begins with https://"),
    "code-refused": (
        "Le serveur n’accepte pas ce code : il a pu expirer. Demandez-en un autre à la page « Postes ».",
        "The server does not take this code: it may have expired. Ask the page “Workstations” for another.",
    ),
    "server-refused": (
        "Le serveur n’a pas pu répondre. Réessayez dans un instant.",
        "The server could not answer. Try again in a moment.",
    ),
    "server-away": (
        "Le serveur est injoignable, ou son certificat n’est pas reconnu par ce poste.",
        "The server can’t be reached, or this workstation does not know its certificate.",
    ),
    "answer-malformed": (
        "Ce serveur n’a pas répondu comme un serveur Télesphore.",
        "This server did not answer as a Telesphore server does.",
    ),
    "server-unproved": (
        "Ce serveur ne connaît pas le code : ce n’est pas celui qui vous l’a donné. Rien n’a été jumelé.",
        "This server does not know the code: it is not the one that gave it to you. Nothing was paired.",
    ),
}


def say(name: str, language: str, /, **values: object) -> str:
    """This text, in `fr` or `en`. The values are shown as they are."""
    return _WORDS[name][language == "en"].format(**values)


def known(name: str) -> bool:
    return name in _WORDS
