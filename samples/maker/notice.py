"""A scanned council letter: one page that is only a picture, slightly turned and noisy, so that it needs OCR."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pypdfium2 as pdfium
from PIL import Image
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from maker.sheets import Made

STEM = "harrowgate-council-parking-notice"
DPI = 130
LINES = (
    "Dear Ms Okonjo-Vale,",
    "",
    "Residents' parking permit for zone D4, vehicle registration KV21 RLT",
    "",
    "Your permit number HB-40718 expires on 31 August 2025. From 1 September 2025 the yearly",
    "charge for a first vehicle rises from \u00a374.00 to \u00a382.50. A second vehicle costs \u00a3131.00.",
    "",
    "To renew, return the slip below with your payment by 15 August 2025. Payments that arrive",
    "later carry a surcharge of \u00a312.00. Holders of a Blue Badge pay nothing and need only send a",
    "copy of the badge.",
    "",
    "While the water main in Tanner Street is replaced (8 to 26 September), permit holders of",
    "zone D4 may also park in zone C2 and on the top deck of the Cornmarket car park.",
    "",
    "If you have questions, call the parking office on 01632 960 417, Monday to Thursday, 9 am to",
    "4 pm, or visit us at 3 Guildhall Yard.",
    "",
    "Yours sincerely,",
    "",
    "",
    "",
    "",
    "Desmond Farthing",
    "Parking Services Manager",
)
SLIP = (
    ("Permit number", "HB-40718"),
    ("Name", "Ms R. Okonjo-Vale"),
    ("Address", "27 Tanner Street, Harrowgate Bassett"),
    ("Vehicle", "KV21 RLT"),
    ("Amount due", "\u00a382.50"),
    ("Pay by", "15 August 2025"),
)


def write_notice(folder: Path) -> tuple[Made, str]:
    """Write the scan; the second value is the text that one reads on it."""
    clean = io.BytesIO()
    canvas = Canvas(clean, pagesize=A4, invariant=1)
    _draw_letter(canvas)
    canvas.save()
    picture = _scan(clean.getvalue())
    page = Canvas(str(folder / f"{STEM}.pdf"), pagesize=A4, invariant=1, pageCompression=0)
    page.drawImage(ImageReader(picture), 0, 0, *A4)
    page.showPage()
    page.save()
    return Made(STEM, {"letter": 1}, {}), _read_text(clean.getvalue())


def _draw_letter(canvas: Canvas) -> None:
    canvas.setFont("Times-Bold", 20)
    canvas.drawString(70, 770, "Harrowgate Bassett Town Council")
    canvas.setFont("Times-Roman", 10.5)
    canvas.drawString(70, 753, "Parking Services, 3 Guildhall Yard, Harrowgate Bassett HB1 4QX")
    canvas.line(70, 744, 525, 744)
    for i, line in enumerate(("Ms R. Okonjo-Vale", "27 Tanner Street", "Harrowgate Bassett")):
        canvas.drawString(70, 712 - 14 * i, line)
    canvas.drawRightString(525, 712, "Our reference: PS/2025/1186")
    canvas.drawRightString(525, 698, "14 July 2025")
    y = 640.0
    for line in LINES:
        canvas.setFont("Times-Bold" if line.startswith("Residents'") else "Times-Roman", 11.5)
        canvas.drawString(70, y, line)
        y -= 15.5 if line else 8
    _draw_signature(canvas)
    _draw_slip(canvas)


def _draw_signature(canvas: Canvas) -> None:
    canvas.setStrokeColor(HexColor("#1f3a8a"))
    canvas.setLineWidth(1.3)
    path = canvas.beginPath()
    path.moveTo(74, 396)
    for i in range(7):
        x = 74 + 16 * i
        path.curveTo(x + 5, 420 - 2 * i, x + 9, 384 + i, x + 16, 398 + (i % 3))
    canvas.drawPath(path)


def _draw_slip(canvas: Canvas) -> None:
    canvas.setStrokeColor(HexColor("#000000"))
    canvas.setDash(4, 4)
    canvas.line(40, 292, 555, 292)
    canvas.setDash()
    canvas.setFont("Times-Bold", 13)
    canvas.drawString(70, 264, "RENEWAL SLIP")
    for i, (name, value) in enumerate(SLIP):
        y = 232 - 24 * i
        canvas.rect(70, y - 7, 130, 24)
        canvas.rect(200, y - 7, 325, 24)
        canvas.setFont("Times-Roman", 10.5)
        canvas.drawString(76, y, name)
        canvas.setFont("Courier", 11)
        canvas.drawString(208, y, value)


def _scan(pdf: bytes) -> io.BytesIO:
    """Render, turn by half a degree, add grain, and keep as a grey JPEG."""
    document = pdfium.PdfDocument(pdf)
    image = document[0].render(scale=DPI / 72).to_pil().convert("L")
    document.close()
    image = image.rotate(0.6, Image.Resampling.BICUBIC, fillcolor=250)
    grain = np.random.default_rng(7).normal(0, 5, (image.height, image.width))
    pixels = np.clip(np.asarray(image) * 0.96 + grain, 0, 255).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=62)
    buffer.seek(0)
    return buffer


def _read_text(pdf: bytes) -> str:
    document = pdfium.PdfDocument(pdf)
    text: str = document[0].get_textpage().get_text_range()
    document.close()
    return text
