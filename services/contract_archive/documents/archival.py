"""Makes a laid-out document PDF/A-3b: metadata that says so, and the colours it is made for.

Embedded fonts, the title and the language are the layout's part.
"""

from functools import cache
from io import BytesIO
from xml.sax.saxutils import escape

from pikepdf import Array, Dictionary, Name, Pdf, Stream

from shared.typesetting.fonts import TYPEFACES

_XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/"
 xmlns:dc="http://purl.org/dc/elements/1.1/">
<pdfaid:part>3</pdfaid:part>
<pdfaid:conformance>B</pdfaid:conformance>
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
<dc:creator><rdf:Seq><rdf:li>{author}</rdf:li></rdf:Seq></dc:creator>
</rdf:Description>
</rdf:RDF>
</x:xmpmeta>
<?xpacket end="r"?>
"""


def archivable(laid_out: bytes, *, title: str, author: str) -> bytes:
    """The same pages as PDF/A-3b; equal arguments give equal bytes."""
    with Pdf.open(BytesIO(laid_out)) as pdf:
        metadata = Stream(pdf, _XMP.format(title=escape(title), author=escape(author)).encode())
        metadata.Type, metadata.Subtype = Name.Metadata, Name.XML
        pdf.Root.Metadata = pdf.make_indirect(metadata)
        pdf.Root.OutputIntents = Array([_srgb(pdf)])
        out = BytesIO()
        # Uncompressed streams stay so: their bytes do not depend on a compressor's version.
        pdf.save(out, deterministic_id=True, compress_streams=False)
        return out.getvalue()


def _srgb(pdf: Pdf) -> Dictionary:
    return Dictionary(
        Type=Name.OutputIntent,
        S=Name.GTS_PDFA1,
        OutputConditionIdentifier="sRGB",
        DestOutputProfile=pdf.make_indirect(Stream(pdf, _profile(), N=3)),
    )


@cache
def _profile() -> bytes:
    return (TYPEFACES / "sRGB.icc").read_bytes()
