"""What a database says, as what a user can do about it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from archspec.errors import Fault, UserError, user_error
from archspec.ledger.url import Where

WAIT_S = 30.0
START_WAIT_S = 20.0
_COPY = "Take a copy of before; `archspec ledger import` reads record.json files again"
_SQLITE = (  # a word of SQLite's message, the fact, the remedy
    ("locked", f"is locked by another process (waited {WAIT_S:g} s)", "Let that one finish, then try again"),
    ("busy", f"is locked by another process (waited {WAIT_S:g} s)", "Let that one finish, then try again"),
    ("full", "the disk is full; nothing was added", "Make room, then try again: what was added before is safe"),
    ("disk i/o", "the disk failed", "Is it full, or a network file system? A ledger's file needs a local disk"),
    ("not a database", "not a ledger (no SQLite file)", "Name another file; one that is not there yet is made"),
    ("malformed", "a damaged ledger", _COPY),
    ("readonly", "cannot be written", "Change its permissions, or those of its folder: SQLite keeps files beside it"),
    ("unable to open", "cannot be opened", "Is it a folder, or not yours to write?"),
)


class StartingUp(UserError):
    """A server that takes no connections yet."""


@contextmanager
def said_plainly(where: Where) -> Iterator[None]:
    """Faults of the database inside become a `UserError` at the ledger's place."""
    from sqlalchemy.exc import NoSuchModuleError, SQLAlchemyError

    try:
        yield
    except NoSuchModuleError as error:
        remedy = "Its form is postgresql+psycopg2://… or mysql+pymysql://…, or a path"
        raise user_error(f"no database of that kind is known ({where.url.drivername})", remedy) from error
    except ModuleNotFoundError as error:
        extra = "mysql" if where.url.get_backend_name() in ("mysql", "mariadb") else "postgresql"
        fact = f"the driver {error.name} is not installed"
        raise user_error(fact, f'pip install "archspec-keras[{extra}]"', place=where.place) from error
    except UnicodeDecodeError as error:
        fact = "a damaged ledger (its text is not UTF-8)"
        raise user_error(fact, _COPY, place=where.place) from error
    except SQLAlchemyError as error:
        raise _fault(where, error) from error


def _fault(where: Where, error: Exception) -> UserError:
    """SQLAlchemy's own message quotes whole statements: only the first line of the driver's is said."""
    message = str(getattr(error, "orig", None) or error).strip().split("\n")[0]
    if where.sqlite:
        for word, fact, remedy in _SQLITE:
            if word in message.lower():
                return user_error(fact, remedy, place=where.place)
    if "starting up" in message:
        fact = f"the server is starting up (waited {START_WAIT_S:g} s)"
        return StartingUp(Fault(fact, "Try again when it is up", place=where.place))
    remedy = "" if where.sqlite else "Is the server running, and the URL right?"
    return user_error(f"the ledger cannot be used ({message})", remedy, place=where.place)
