"""What can go wrong between a venue and Oveit."""


class OveitError(Exception):
    """Oveit could not be asked, or its reply could not be used."""


class OveitConnectionError(OveitError):
    """Oveit could not be reached, or not in time; `sent` tells whether it may have heard."""

    def __init__(self, message: str, *, sent: bool = True) -> None:
        """Remember whether the request may have reached Oveit."""
        super().__init__(message)
        self.sent = sent


class OveitServerError(OveitConnectionError):
    """Oveit answered that it failed, which may be for what it was asked alone."""


class OveitTlsError(OveitConnectionError):
    """Oveit's certificate is not to be trusted; nothing was sent."""


class OveitAuthenticationError(OveitError):
    """Oveit does not accept the credentials."""


class OveitResponseError(OveitError):
    """Oveit's reply is not understood, so it is never a yes."""


class OveitCaptivePortalError(OveitResponseError):
    """A web page answered in Oveit's place, as in a network that wants a log-in."""


class LedgerError(OveitError):
    """The ledger could not be read or written."""


class LedgerBusyError(LedgerError):
    """The ledger could not be asked in the time that there was (decisions.md T17)."""


class LedgerTooNewError(LedgerError):
    """The ledger was written by a newer release; its file is left untouched (decisions.md C21)."""


class LedgerUnusableError(LedgerError):
    """The ledger's file cannot be opened or written at all."""


def is_about_one(err: OveitError) -> bool:
    """Tell whether an error may be for one ticket alone: Oveit answered, and not as it should."""
    if isinstance(err, OveitCaptivePortalError):
        return False
    return isinstance(err, OveitResponseError | OveitServerError)


def may_have_heard(err: OveitError) -> bool:
    """Tell whether Oveit may have taken what failed with an error."""
    if isinstance(err, OveitConnectionError):
        return err.sent
    return not isinstance(err, OveitAuthenticationError)
