"""Failures between a venue and Oveit; a refused ticket is a decision, not an exception."""


class OveitError(Exception):
    """Oveit could not be asked, or its reply could not be used."""


class OveitConnectionError(OveitError):
    """Oveit could not be reached, or did not reply in time."""

    def __init__(self, message: str, *, sent: bool = True) -> None:
        """Create the error; `sent` is whether the request may have reached Oveit."""
        super().__init__(message)
        self.sent = sent


class OveitServerError(OveitConnectionError):
    """Oveit replied that it failed (5xx), perhaps because of this one request."""


class OveitTlsError(OveitConnectionError):
    """Oveit's certificate cannot be trusted; nothing was sent (decisions.md T15)."""


class OveitAuthenticationError(OveitError):
    """Oveit does not accept the credentials."""


class OveitResponseError(OveitError):
    """Oveit's reply cannot be understood, so it is never a yes (decisions.md I5)."""


class OveitStatusError(OveitResponseError):
    """Oveit replied with a status that its documentation does not know (decisions.md T16)."""

    def __init__(self, message: str, *, tells_of_token: bool) -> None:
        """Create the error; `tells_of_token` is whether the status stands for a dead token."""
        super().__init__(message)
        self.tells_of_token = tells_of_token


class OveitOnlyErrorsError(OveitResponseError):
    """Oveit replies with an error in words to what every account may ask (decisions.md B17)."""

    def __init__(self, text: str) -> None:
        """Create the error; `text` is what Oveit says."""
        super().__init__("Oveit answers with an error only")
        self.text = text


class OveitTooLongError(OveitResponseError):
    """A reply is longer than it can be believed, and was not read to its end (T20)."""


class OveitCaptivePortalError(OveitResponseError):
    """A web page was received in Oveit's place: a network that wants a log-in (T14)."""


class LedgerError(OveitError):
    """The ledger could not be read or written."""


class LedgerBusyError(LedgerError):
    """The ledger could not be asked in the time that there was (decisions.md T17)."""


class LedgerTooNewError(LedgerError):
    """The ledger was written by a newer release; its file is left untouched (decisions.md C21)."""


class LedgerUnusableError(LedgerError):
    """The ledger's file cannot be opened or written at all."""


def may_concern_one_ticket(err: OveitError) -> bool:
    """Return whether an error may concern one ticket alone: Oveit replied, but not as it should."""
    if isinstance(err, OveitCaptivePortalError):
        return False
    return isinstance(err, OveitResponseError | OveitServerError)


def may_have_reached_oveit(err: OveitError) -> bool:
    """Return whether Oveit may have done what was requested in spite of an error."""
    if isinstance(err, OveitConnectionError):
        return err.sent
    return not isinstance(err, OveitAuthenticationError)
