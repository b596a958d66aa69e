"""The mail with the code that shows how far an inquiry is."""

from __future__ import annotations

from shared.events.values import Language
from shared.web.sign_in_mail import Words

FOLLOW = Words(
    {
        Language.ES: "Su código para seguir una consulta: {code}",
        Language.EN: "Your code to follow an inquiry: {code}",
    },
    {
        Language.ES: """\
Su código para ver cómo va su consulta en {company} es:

    {code}

Sirve una sola vez, durante 10 minutos, en el navegador en el que lo ha pedido.

Si no lo ha pedido usted, no tiene que hacer nada. No se lo dé a nadie; nunca se lo pediremos por
teléfono ni por correo.

{company} · {phone} (desde el extranjero: {abroad})
""",
        Language.EN: """\
Your code to see how far your inquiry with {company} is:

    {code}

It works once, for 10 minutes, in the browser in which you asked for it.

If you did not ask for it, you need not do anything. Do not give it to anybody; we will never ask
for it on the phone or by mail.

{company} · {phone} (from abroad: {abroad})
""",
    },
)
