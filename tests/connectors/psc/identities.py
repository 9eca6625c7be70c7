"""Invented professionals, in the shape in which Pro Santé Connect tells of them."""

from typing import Any

REALM = "f:5a9d7c1e-2b40-4f6a-9a61-0d3c5e8b7f24"
LEBRUN = "899990000017"
CHERIF = "899990000025"
ESTEVE = "899990000033"
SYLVIE = "30B0168811/SC000417"
NOBODY_HERE = "899990000099"

FINESS = "380012345"
SIRET = "26380030200014"


def activity(structure: str, sector: str = "SA01", **said: str) -> dict[str, str]:
    """One activity, with the directory's keys; what is not said is an empty string, as there."""
    keys = [
        "codeModeExercice",
        "codeSecteurDactivite",
        "codeSectionPharmacien",
        "codeRole",
        "codeGenreActivite",
        "numeroSiretSite",
        "numeroSirenSite",
        "numeroFinessSite",
        "numeroFinessetablissementJuridique",
        "identifiantTechniqueDeLaStructure",
        "raisonSocialeSite",
        "enseigneCommercialeSite",
        "complementDestinataire",
        "complementPointGeographique",
        "numeroVoie",
        "indiceRepetitionVoie",
        "codeTypeDeVoie",
        "libelleVoie",
        "mentionDistribution",
        "bureauCedex",
        "codePostal",
        "codeCommune",
        "codePays",
        "telephone",
        "telephone2",
        "telecopie",
        "adresseEMail",
        "codeDepartement",
        "ancienIdentifiantDeLaStructure",
        "autoriteDenregistrement",
    ]
    empty = dict.fromkeys(keys, "")
    return empty | {"codeSecteurDactivite": sector, "raisonSocialeSite": structure, "codePostal": "38000"} | said


def professional(
    national_id: str, given: str, family: str, *activities: dict[str, str], profession: str = "10"
) -> dict[str, Any]:
    """userinfo of somebody with a profession."""
    first = activities[0]["raisonSocialeSite"] if activities else ""
    return {
        "Secteur_Activite": "SA01^1.2.250.1.71.4.2.4",
        "SubjectOrganization": first,
        "SubjectOrganizationID": "",
        "Mode_Acces_Raison": "",
        "Acces_Regulation_Medicale": "FAUX",
        "UITVersion": "1.0",
        "Palier_Authentification": "APPPRIP3^1.2.250.1.213.1.5.1.1.1",
        "PSI_Locale": "1.2.250.1.213.1.3.1.1",
        "SubjectRole": [f"{profession}^1.2.250.1.213.1.1.5.5"],
        "SubjectNameID": national_id,
        "preferred_username": national_id,
        "given_name": given,
        "family_name": family,
        "otherIds": [{"identifiant": national_id, "origine": "RPPS", "qualite": 1}],
        "SubjectRefPro": {
            "codeCivilite": "",
            "exercices": [
                {
                    "codeProfession": profession, "codeCategorieProfessionnelle": "C", "codeCiviliteDexercice": "DR",
                    "nomDexercice": family, "prenomDexercice": given, "codeTypeSavoirFaire": "", "codeSavoirFaire": "",
                    "activities": list(activities),
                }
            ],
        },
    }  # fmt: skip


def staff(national_id: str, given: str, family: str) -> dict[str, Any]:
    """userinfo of an establishment's staff, who have no profession of the directory."""
    return {
        "preferred_username": national_id, "codeCivilite": "MME", "given_name": given, "SubjectNameID": national_id,
        "family_name": family,
    }  # fmt: skip


def subject(national_id: str) -> str:
    """`sub` of this person."""
    return f"{REALM}:{national_id}"


IDENTITIES = {
    subject(who["SubjectNameID"]): who
    for who in (
        professional(
            LEBRUN, "Anne", "Lebrun",
            activity("Cabinet du Dr Lebrun", "SA07"),
            activity("Centre hospitalier de Montfaucy", numeroFinessSite=FINESS, numeroSiretSite=SIRET),
        ),
        professional(CHERIF, "Nadia", "Cherif", activity("Imagerie des Aulnes", "SA08")),
        professional(ESTEVE, "Paul", "Esteve"),
        professional(NOBODY_HERE, "Marc", "Inconnu", activity("Ailleurs", "SA07")),
        staff(SYLVIE, "Sylvie", "Courtois"),
    )
}  # fmt: skip
