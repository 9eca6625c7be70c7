"""Professions and specialties of the national directory, with their labels in French and English.

Codes and French labels: TRE_G15-ProfessionSante and TRE_R38-SpecialiteOrdinale, as the value set
JDV_J01-XdsAuthorSpecialty-CISIS of 2024-12-13 carries them; of the directory's ways of practising, only the
specialties of physicians and dentists. English labels are ours.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Term:
    """One code of a nomenclature.

    Attributes:
        profession: for a specialty, the profession whose it is.
    """

    code: str
    french: str
    english: str
    profession: str = ""

    def label(self, language: str) -> str:
        """In French for `fr…`, else in English."""
        return self.french if language.startswith("fr") else self.english


PROFESSIONS = {
    term.code: term
    for term in (
        Term("10", "Médecin", "physician"),
        Term("21", "Pharmacien", "pharmacist"),
        Term("26", "Audioprothésiste", "hearing aid specialist"),
        Term("28", "Opticien-Lunetier", "optician"),
        Term("31", "Assistant dentaire", "dental assistant"),
        Term("32", "Physicien médical", "medical physicist"),
        Term("35", "Aide-soignant", "nursing assistant"),
        Term("36", "Ambulancier", "ambulance technician"),
        Term("37", "Auxiliaire de puériculture", "childcare assistant"),
        Term("38", "Préparateur en pharmacie hospitalière", "hospital pharmacy technician"),
        Term("39", "Préparateur en pharmacie (officine)", "pharmacy technician"),
        Term("40", "Chirurgien-Dentiste", "dentist"),
        Term("50", "Sage-Femme", "midwife"),
        Term("60", "Infirmier", "nurse"),
        Term("69", "Infirmier psychiatrique", "psychiatric nurse"),
        Term("70", "Masseur-Kinésithérapeute", "physiotherapist"),
        Term("80", "Pédicure-Podologue", "podiatrist"),
        Term("81", "Orthoprothésiste", "prosthetist"),
        Term("82", "Podo-Orthésiste", "orthopaedic shoemaker"),
        Term("83", "Orthopédiste-Orthésiste", "orthotist"),
        Term("84", "Oculariste", "ocularist"),
        Term("85", "Epithésiste", "epithesis maker"),
        Term("86", "Technicien de laboratoire médical", "medical laboratory technician"),
        Term("91", "Orthophoniste", "speech therapist"),
        Term("92", "Orthoptiste", "orthoptist"),
        Term("94", "Ergothérapeute", "occupational therapist"),
        Term("95", "Diététicien", "dietitian"),
        Term("96", "Psychomotricien", "psychomotor therapist"),
        Term("98", "Manipulateur ERM", "radiographer"),
    )
}
"""TRE_G15, by code."""

SPECIALTIES = {
    term.code: term
    for term in (
        Term("SM01", "Anatomie et Cytologie pathologiques", "pathology", "10"),
        Term("SM02", "Anesthésie-réanimation", "anaesthesia and intensive care", "10"),
        Term("SM03", "Biologie médicale", "clinical pathology", "10"),
        Term("SM04", "Cardiologie et maladies vasculaires", "cardiology and vascular medicine", "10"),
        Term("SM05", "Chirurgie générale", "general surgery", "10"),
        Term("SM06", "Chirurgie maxillo-faciale", "maxillofacial surgery", "10"),
        Term("SM07", "Chirurgie maxillo-faciale et Stomatologie", "maxillofacial surgery and stomatology", "10"),
        Term("SM08", "Chirurgie orthopédique et Traumatologie", "orthopaedic and trauma surgery", "10"),
        Term("SM09", "Chirurgie infantile", "paediatric surgery", "10"),
        Term(
            "SM10",
            "Chirurgie plastique reconstruct et esthétique",
            "plastic, reconstructive and aesthetic surgery",
            "10",
        ),
        Term("SM11", "Chirurgie thoracique et cardio-vasculaire", "thoracic and cardiovascular surgery", "10"),
        Term("SM12", "Chirurgie urologique", "urological surgery", "10"),
        Term("SM13", "Chirurgie vasculaire", "vascular surgery", "10"),
        Term("SM14", "Chirurgie viscérale et digestive", "visceral and digestive surgery", "10"),
        Term("SM15", "Dermatologie et Vénéréologie", "dermatology and venereology", "10"),
        Term("SM16", "Endocrinologie et métabolisme", "endocrinology and metabolism", "10"),
        Term("SM17", "Génétique médicale", "medical genetics", "10"),
        Term("SM18", "Gériatrie", "geriatrics", "10"),
        Term("SM19", "Gynécologie médicale", "medical gynaecology", "10"),
        Term("SM20", "Gynécologie-obstétrique", "gynaecology and obstetrics", "10"),
        Term("SM21", "Hématologie", "haematology", "10"),
        Term("SM22", "Hématologie, opt Maladie du sang", "haematology, diseases of the blood", "10"),
        Term("SM23", "Hématologie, opt Onco-hématologie", "haematology, onco-haematology", "10"),
        Term("SM24", "Gastro-entérologie et hépatologie", "gastroenterology and hepatology", "10"),
        Term("SM25", "Médecine du travail", "occupational medicine", "10"),
        Term("SM26", "Qualifié en Médecine Générale", "qualified in general medicine", "10"),
        Term("SM27", "Médecine interne", "internal medicine", "10"),
        Term("SM28", "Médecine nucléaire", "nuclear medicine", "10"),
        Term("SM29", "Médecine physique et réadaptation", "physical medicine and rehabilitation", "10"),
        Term("SM30", "Néphrologie", "nephrology", "10"),
        Term("SM31", "Neuro-chirurgie", "neurosurgery", "10"),
        Term("SM32", "Neurologie", "neurology", "10"),
        Term("SM33", "Neuro-psychiatrie", "neuropsychiatry", "10"),
        Term("SM34", "ORL et Chirurgie cervico-faciale", "ENT and head and neck surgery", "10"),
        Term("SM35", "Oncologie, opt Onco-hématologie", "oncology, onco-haematology", "10"),
        Term("SM36", "Oncologie, opt médicale", "oncology, medical", "10"),
        Term("SM37", "Oncologie, opt radiothérapie", "oncology, radiotherapy", "10"),
        Term("SM38", "Ophtalmologie", "ophthalmology", "10"),
        Term("SM39", "Oto-rhino-laryngologie", "otorhinolaryngology", "10"),
        Term("SM40", "Pédiatrie", "paediatrics", "10"),
        Term("SM41", "Pneumologie", "pulmonology", "10"),
        Term("SM42", "Psychiatrie", "psychiatry", "10"),
        Term("SM43", "Psychiatrie, opt enfant et adolescent", "psychiatry, children and adolescents", "10"),
        Term("SM44", "Radio-diagnostic", "diagnostic radiology", "10"),
        Term("SM45", "Radio-thérapie", "radiotherapy", "10"),
        Term("SM46", "Médecine intensive-réanimation", "intensive care medicine", "10"),
        Term("SM47", "Recherche médicale", "medical research", "10"),
        Term("SM48", "Rhumatologie", "rheumatology", "10"),
        Term("SM49", "Santé publique et Médecine sociale", "public health and social medicine", "10"),
        Term("SM50", "Stomatologie", "stomatology", "10"),
        Term("SM51", "Gynéco-obstétrique et Gynéco méd, opt Gyn-obs", "obstetrics and gynaecology, obstetrics", "10"),
        Term(
            "SM52",
            "Gynéco-obstétrique et Gynéco méd, opt Gyn-méd",
            "obstetrics and gynaecology, medical gynaecology",
            "10",
        ),
        Term("SM53", "Spécialiste en Médecine Générale", "specialist in general medicine", "10"),
        Term("SM54", "Médecine Générale", "general medicine", "10"),
        Term("SM55", "Radio-diagnostic et Radio-Thérapie", "diagnostic radiology and radiotherapy", "10"),
        Term("SM56", "Chirurgie orale", "oral surgery", "10"),
        Term("SM57", "Allergologie", "allergology", "10"),
        Term("SM58", "Maladies infectieuses et tropicales", "infectious and tropical diseases", "10"),
        Term("SM59", "Médecine d’urgence", "emergency medicine", "10"),
        Term("SM60", "Médecine légale et expertises médicales", "forensic medicine", "10"),
        Term("SM61", "Médecine vasculaire", "vascular medicine", "10"),
        Term("SM62", "Endocrinologie, diabétologie, nutrition", "endocrinology, diabetology, nutrition", "10"),
        Term("SM63", "Biologie médicale option biologie générale", "clinical pathology, general", "10"),
        Term(
            "SM64",
            "Biologie médicale option médecine moléculaire, génétique et pharmacologie",
            "clinical pathology, molecular medicine, genetics and pharmacology",
            "10",
        ),
        Term(
            "SM65",
            "Biologie médicale option hématologie et immunologie",
            "clinical pathology, haematology and immunology",
            "10",
        ),
        Term("SM66", "Biologie médicale option agents infectieux", "clinical pathology, infectious agents", "10"),
        Term(
            "SM67",
            "Biologie médicale option biologie de la reproduction",
            "clinical pathology, reproductive biology",
            "10",
        ),
        Term("SM68", "Chirurgie maxillo-faciale (réforme 2017)", "maxillofacial surgery (2017 reform)", "10"),
        Term(
            "SM69", "Chirurgie pédiatrique option chirurgie viscérale pédiatrique", "paediatric surgery, visceral", "10"
        ),
        Term("SM70", "Chirurgie pédiatrique option orthopédie pédiatrique", "paediatric surgery, orthopaedic", "10"),
        Term("SM71", "Hématologie (réforme 2017)", "haematology (2017 reform)", "10"),
        Term("SM72", "Médecine interne et immunologie clinique", "internal medicine and clinical immunology", "10"),
        Term("SM73", "Médecine cardiovasculaire", "cardiovascular medicine", "10"),
        Term("SM74", "Radiologie et imagerie médicale", "radiology and medical imaging", "10"),
        Term("SM75", "Santé publique", "public health", "10"),
        Term(
            "SM76",
            "Anesthésie-réanimation option anesthésie-pédiatrique",
            "anaesthesia and intensive care, paediatric anaesthesia",
            "10",
        ),
        Term(
            "SM77",
            "Chirurgie maxillo-faciale option orthodontie des dysmorphies maxillo-faciales",
            "maxillofacial surgery, orthodontics of maxillofacial dysmorphisms",
            "10",
        ),
        Term(
            "SM78",
            "Chirurgie viscérale et digestive option endoscopie chirurgicale",
            "visceral and digestive surgery, surgical endoscopy",
            "10",
        ),
        Term(
            "SM79",
            "Médecine cardiovasculaire option cardiologie interventionnelle",
            "cardiovascular medicine, interventional cardiology",
            "10",
        ),
        Term(
            "SM80",
            "Médecine cardiovasculaire option imagerie cardio d’expert",
            "cardiovascular medicine, expert cardiac imaging",
            "10",
        ),
        Term(
            "SM81",
            "Médecine cardiovasculaire option rythmologie interventionnelle et stimulation cardiaque",
            "cardiovascular medicine, interventional electrophysiology and pacing",
            "10",
        ),
        Term(
            "SM82",
            "Médecine intensive-réanimation option réanimation pédiatrique",
            "intensive care medicine, paediatric",
            "10",
        ),
        Term(
            "SM83",
            "Néphrologie option soins intensifs néphrologiques",
            "nephrology, nephrological intensive care",
            "10",
        ),
        Term(
            "SM84",
            "Neurologie option traitement interventionnel de l’ischémie cérébrale aigüe",
            "neurology, interventional treatment of acute cerebral ischaemia",
            "10",
        ),
        Term(
            "SM85",
            "Ophtalmo option chirurgie ophtalmopédiatrique et strabologique",
            "ophthalmology, paediatric surgery and strabismus",
            "10",
        ),
        Term(
            "SM86",
            "ORL et chirurgie cervico-faciale option audiophonologie",
            "ENT and head and neck surgery, audiophonology",
            "10",
        ),
        Term("SM87", "Pédiatrie option néonatologie", "paediatrics, neonatology", "10"),
        Term("SM88", "Pédiatrie option neuropédiatrie", "paediatrics, neuropaediatrics", "10"),
        Term("SM89", "Pédiatrie option pneumopédiatrie", "paediatrics, pulmonology", "10"),
        Term("SM90", "Pédiatrie option réanimation pédiatrique", "paediatrics, intensive care", "10"),
        Term(
            "SM91", "Pneumologie option soins intensifs respiratoires", "pulmonology, respiratory intensive care", "10"
        ),
        Term(
            "SM92",
            "Psychiatrie option enfant et adolescent",
            "psychiatry, children and adolescents (2017 reform)",
            "10",
        ),
        Term("SM93", "Psychiatrie option psychiatrie personne âgée", "psychiatry, older people", "10"),
        Term(
            "SM94",
            "Radiologie imagerie médicale option radiologie interventionnelle avancée",
            "radiology and medical imaging, advanced interventional radiology",
            "10",
        ),
        Term(
            "SM95", "Santé publique option administration de la santé", "public health, administration of health", "10"
        ),
        Term("SCD01", "Orthopédie dento-faciale", "dentofacial orthopaedics", "40"),
        Term("SCD02", "Chirurgie orale", "oral surgery (dentist)", "40"),
        Term("SCD03", "Médecine bucco-dentaire", "oral medicine", "40"),
    )
}
"""TRE_R38, by code."""
