"""The pretend Oveit's sentences in six languages."""

from datetime import datetime
from typing import Final

LANGUAGES: Final = ("en", "de", "es", "fr", "ja", "nl")

MESSAGES: Final[dict[str, tuple[str, str, str, str, str, str]]] = {
    "already_checked_in": (
        "This ticket is already checked in",
        "Dieses Ticket ist bereits eingecheckt",
        "Esta entrada ya está registrada",
        "Ce billet est déjà enregistré",
        "このチケットはすでにチェックイン済みです",
        "Dit ticket is al ingecheckt",
    ),
    "addon_unavailable": (
        "This add-on is not available",
        "Dieses Extra ist nicht verfügbar",
        "Este extra no está disponible",
        "Cette option n'est pas disponible",
        "このオプションは利用できません",
        "Deze extra is niet beschikbaar",
    ),
    "addon_used_up": (
        "This add-on is used up",
        "Dieses Extra ist aufgebraucht",
        "Este extra está agotado",
        "Cette option est épuisée",
        "このオプションは使い切りました",
        "Deze extra is op",
    ),
    "code_missing": (
        "A ticket code or a tag code is required",
        "Ein Ticketcode oder ein Tagcode wird benötigt",
        "Se necesita un código de entrada o de pulsera",
        "Un code de billet ou de bracelet est requis",
        "チケットコードまたはタグコードが必要です",
        "Een ticketcode of een tagcode is nodig",
    ),
    "event_unknown": (
        "This event does not exist",
        "Diese Veranstaltung gibt es nicht",
        "Este evento no existe",
        "Cet événement n'existe pas",
        "このイベントは存在しません",
        "Dit evenement bestaat niet",
    ),
    "feature_missing": (
        "Your account does not have this feature",
        "Ihr Konto hat diese Funktion nicht",
        "Su cuenta no tiene esta función",
        "Votre compte n'a pas cette fonction",
        "お使いのアカウントではこの機能を利用できません",
        "Uw account heeft deze functie niet",
    ),
    "login_wrong": (
        "The email or the password is wrong",
        "E-Mail oder Passwort ist falsch",
        "El correo o la contraseña es incorrecto",
        "L'adresse ou le mot de passe est incorrect",
        "メールアドレスまたはパスワードが違います",
        "Het e-mailadres of het wachtwoord is onjuist",
    ),
    "not_inside": (
        "This ticket is not inside",
        "Dieses Ticket ist nicht im Haus",
        "Esta entrada no está dentro",
        "Ce billet n'est pas à l'intérieur",
        "このチケットは入場していません",
        "Dit ticket is niet binnen",
    ),
    "tag_taken": (
        "This tag belongs to another ticket",
        "Dieser Tag gehört zu einem anderen Ticket",
        "Esta pulsera pertenece a otra entrada",
        "Ce bracelet appartient à un autre billet",
        "このタグは別のチケットに登録されています",
        "Deze tag hoort bij een ander ticket",
    ),
    "ticket_unknown": (
        "This ticket does not exist",
        "Dieses Ticket gibt es nicht",
        "Esta entrada no existe",
        "Ce billet n'existe pas",
        "このチケットは存在しません",
        "Dit ticket bestaat niet",
    ),
    "tickets_found": (
        "Tickets on this tag",
        "Tickets auf diesem Tag",
        "Entradas de esta pulsera",
        "Billets de ce bracelet",
        "このタグのチケット",
        "Tickets op deze tag",
    ),
    "token_invalid": (
        "Please log in again",
        "Bitte melden Sie sich erneut an",
        "Inicie sesión de nuevo",
        "Veuillez vous reconnecter",
        "もう一度ログインしてください",
        "Log opnieuw in",
    ),
    "not_valid_here": (
        "This ticket is not valid here",
        "Dieses Ticket gilt hier nicht",
        "Esta entrada no es válida aquí",
        "Ce billet n'est pas valable ici",
        "このチケットはここでは使えません",
        "Dit ticket is hier niet geldig",
    ),
    "wallet_unclear": (
        "This tag has several tickets",
        "Dieser Tag hat mehrere Tickets",
        "Esta pulsera tiene varias entradas",
        "Ce bracelet a plusieurs billets",
        "このタグには複数のチケットがあります",
        "Deze tag heeft meerdere tickets",
    ),
}

DATE_FORMATS: Final = dict(
    zip(
        LANGUAGES,
        (
            "%m/%d/%Y %I:%M %p",
            "%d.%m.%Y %H:%M",
            "%d/%m/%Y %H:%M",
            "%d/%m/%Y à %H:%M",
            "%Y年%m月%d日 %H:%M",
            "%d-%m-%Y %H:%M",
        ),
        strict=True,
    )
)


def language_of(accept_language: str) -> str:
    """Return the language that a caller prefers of those that Oveit has, else English."""
    liked: dict[str, float] = {}
    for choice in accept_language.split(","):
        name, _, weight = choice.partition(";")
        language = name.strip().lower().partition("-")[0]
        if language in LANGUAGES:
            liked.setdefault(language, weight_of(weight))
    return max(liked, key=lambda language: liked[language], default="en")


def weight_of(text: str) -> float:
    """Return the weight in `q=0.8`, one if it is missing, zero if it cannot be read."""
    try:
        return float(text.strip().removeprefix("q=") or 1)
    except ValueError:
        return 0


def message(key: str, language: str) -> str:
    """Return a message in a language."""
    return MESSAGES[key][LANGUAGES.index(language)]


def date_text(date: datetime, language: str) -> str:
    """Return a date in the form of a language, without a time zone."""
    return date.strftime(DATE_FORMATS[language])
