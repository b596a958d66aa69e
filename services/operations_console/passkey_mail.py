"""Mails to a member of staff: a passkey was added or removed."""

from __future__ import annotations

from shared.events.values import Language
from shared.web.sign_in_mail import Words

ADDED = Words(
    {
        Language.ES: "Se ha añadido una llave de acceso a su cuenta",
        Language.EN: "A passkey was added to your account",
    },
    {
        Language.ES: """\
Desde ahora se puede entrar en las páginas de operaciones de {company} con una nueva llave de
acceso:

    {name}
    añadida el {at}

Si no la ha añadido usted, avise enseguida a quien creó su cuenta.
""",
        Language.EN: """\
From now on, a new passkey signs in to the operations pages of {company}:

    {name}
    added on {at}

If you did not add it, tell the person who made your account at once.
""",
    },
)
REMOVED = Words(
    {
        Language.ES: "Se ha quitado una llave de acceso de su cuenta",
        Language.EN: "A passkey was removed from your account",
    },
    {
        Language.ES: """\
Ya no se puede entrar en las páginas de operaciones de {company} con esta llave de acceso:

    {name}
    quitada el {at}

El código por correo electrónico sigue sirviendo. Si no la ha quitado usted, avise a quien creó su
cuenta.
""",
        Language.EN: """\
This passkey no longer signs in to the operations pages of {company}:

    {name}
    removed on {at}

The code by e-mail still works. If you did not remove it, tell the person who made your account.
""",
    },
)
