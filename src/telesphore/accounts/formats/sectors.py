"""Sectors of activity of the national directory (TRE_R02-SecteurActivite), those in which patients are cared for.

French labels are the directory's; English ones are ours.
"""

from telesphore.accounts.formats.nomenclatures import Term

SECTORS = {
    term.code: term
    for term in (
        Term("SA01", "Établissement public de santé", "public hospital"),
        Term("SA02", "Hôpital militaire du Service de santé des armées", "military hospital"),
        Term("SA03", "Établissement privé PSPH", "private non-profit hospital"),
        Term("SA04", "Établissement privé non PSPH", "private hospital"),
        Term("SA05", "Centre de santé", "health centre"),
        Term("SA07", "Cabinet individuel", "individual practice"),
        Term("SA08", "Cabinet de groupe", "group practice"),
        Term("SA09", "Exercice en société", "company of professionals"),
        Term("SA12", "Établissement de soins et prévention", "care and prevention centre"),
        Term("SA13", "Prévention et soins en entreprise", "occupational health"),
        Term("SA15", "PMI et planification familiale", "mother and child protection"),
        Term("SA16", "Établissement pour personnes handicapées", "home for disabled people"),
        Term("SA17", "Établissement pour personnes âgées", "home for elderly people"),
        Term("SA25", "Laboratoire de biologie médicale", "medical laboratory"),
        Term("SA33", "Pharmacie d’officine", "pharmacy"),
        Term("SA34", "Centre de dialyse", "dialysis centre"),
        Term("SA36", "Centre anti-cancer", "cancer centre"),
        Term("SA37", "Centre de transfusion sanguine", "blood transfusion centre"),
        Term("SA39", "Pharmacie mutualiste", "mutual pharmacy"),
        Term("SA40", "Secteur privé, praticien hospitalier temps plein", "private practice in a public hospital"),
        Term("SA50", "Permanence des soins ambulatoires hors cabinet", "out-of-hours care"),
        Term("SA52", "Maison de santé ou pôle de santé", "multi-professional practice"),
        Term("SA64", "Société de téléconsultation", "teleconsultation company"),
        Term("SA66", "Service de prévention et de santé au travail", "occupational health service"),
        Term("SA67", "Maison médicale de garde", "on-call medical centre"),
    )
}
