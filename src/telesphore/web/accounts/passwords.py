"""What a password must not be: one that others would try first. Length counts, composition does not."""

import re
import unicodedata
from functools import cache
from typing import Any

from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from telesphore.accounts import queries
from telesphore.kernel.clock import now

LONGEST = 256

_FRENCH = """
abricot adrien alexandre alouette amelie amour amoureux ananas anniversaire antoine apolline arsenal aurelie
aurore automne azerty azertyui azertyuiop azertyuiopqsdfghjklm baguette bateau bebe bienvenue biloute bisous
blanchette bonheur bonjour bordeaux bretagne brigitte brioche cabinet cacahuete calinou camille canaille capucine
carambar caramel caroline cassandra celine cerise chaton chatons chaussette cheval chevaux chloe chocolat chouchou
chouette christine christophe cigogne citron citrouille clement clementine coccinelle cocotte coquelicot coucou
couleur crevette croissant dauphin delphine demain desiree docteur dominique douceur doudou doudoune dragon
elephant elisabeth emilie emmanuel enfants etoile fabrice famille fanfan fauteuil fleur florence florian fontaine
football framboise france francois freddy frederic fripouille fromage garance genevieve girafe grenouille
guillaume guitare hirondelle hopital imagerie infirmier infirmiere isabelle jardin jeremie jerome jetaime
jetaimefort joseph julien juliette justine kikoulol laboratoire lapin laurent lavande licorne lilou linotte lisa
loulou louloute lucas lucie lumiere lyonnais maison maman mamanpapa mamie manon margaux marguerite marie marine
marmotte marseille mathieu mathilde maxime medecin melanie michel mickael mignon minou mirabelle monamour monange
moncoeur montagne motdepass motdepasse mouton musique myrtille nathalie nathan nicolas nicole noisette nounours
nuage oceane oiseau olivier orange ouistiti palmier papa papamaman papillon parapheur paris pascal passeport
password patate patient patrick peluche petitcoeur philippe pirate pissenlit pitchoune poireau pomme poney
portable princesse printemps prune puce qsdfgh qsdfghjklm quentin radiologie rebelle renard romain roucoule
sabrina sante saperlipopette sebastien secret secretariat smiley soleil sophie souris stephane stephanie sucette
sylvain sylvie tartine taureau telesphore thierry thomas tigrou titeuf tortue toulouse trottinette tulipe vacances
valentin valentine valerie vanille veronique victoire vincent violette voiture wxcvbn xavier yannick zebulon zizou
"""
"""What the French choose first: keyboard rows, tender names, first names, animals, and words of a hospital."""
FRENCH = frozenset(_FRENCH.split())


class NotWithEnds:
    """Refuses a common word dressed with figures and signs, or one repeated: `Bonjour2026!`, `soleilsoleil`."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raises ValidationError."""
        if len(password) > LONGEST:
            raise ValidationError(_("At most %(most)d characters.") % {"most": LONGEST}, code="too_long")
        word = _bare(password)
        if not word or word in FRENCH or word in _english():
            raise ValidationError(
                _("This password is one of the first that others would try. Choose several words."), code="common"
            )

    def get_help_text(self) -> str:
        return _("At least 12 characters: a short sentence is easy to keep in mind.")


class NotTheirOrganisation:
    """Refuses the name of an organisation of the person's, whatever surrounds it."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raises ValidationError."""
        if user is None or user.pk is None:
            return
        given = _letters(password)
        for card in queries.memberships(person_id=user.pk, at=now()):
            organisation = card.organisation
            words = {word for name in (organisation.name, organisation.city) for word in re.split(r"\W+", _plain(name))}
            left = given
            for word in sorted(words, key=len, reverse=True):
                if len(word) > 3:
                    left = left.replace(word, "")
            if len(left) < 6 and left != given:
                raise ValidationError(
                    _("This password is the name of your organisation. Choose several other words."), code="similar"
                )

    def get_help_text(self) -> str:
        return ""


@cache
def _english() -> frozenset[str]:
    return frozenset(CommonPasswordValidator().passwords)


def _bare(password: str) -> str:
    """The word inside: without accents, capitals, figures and signs at its ends, and once if it is repeated."""
    inside = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", _plain(password))
    word = re.sub(r"[\W_]", "", inside)
    repeated = re.fullmatch(r"(.+?)\1+", word)
    return repeated[1] if repeated else word


def _letters(text: str) -> str:
    return re.sub(r"[\W\d_]", "", _plain(text))


def _plain(text: str) -> str:
    return "".join(
        letter for letter in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(letter)
    )
