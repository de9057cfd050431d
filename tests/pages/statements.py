"""An invented company's annual report, page by page, for the tests of what pages are."""

from __future__ import annotations

import numpy as np

from docrerank.records import Page

COVER = """UNITED STATES
SECURITIES AND EXCHANGE COMMISSION
Washington, D.C. 20549
FORM 10-K
For the fiscal year ended September 30, 2021
Commission File Number 001-99999
ORCHID TOOLS, INC.
(Exact name of registrant as specified in its charter)
Common Stock, $0.01 par value ORCT New York Stock Exchange
"""
CONTENTS = "Table of Contents\n" + "".join(
    f"{name} {page}\n"
    for name, page in (
        ("Item 1. Business", 3),
        ("Item 1A. Risk Factors", 4),
        ("Consolidated Balance Sheets", 5),
        ("Consolidated Statements of Operations", 6),
        ("Consolidated Statements of Cash Flows", 7),
        ("Notes to Consolidated Financial Statements", 8),
    )
)
RISKS = (
    "Item 1A. Risk Factors\nOur customers may buy fewer tools than we expect, and steel may cost more than it does.\n"
)
BALANCE = """Orchid Tools, Inc.
Consolidated Balance Sheets
(in millions) 2021 2020
Cash and cash equivalents $ 120 $ 110
Accounts receivable, net 80 75
Inventories 60 58
Total current assets 260 243
Property, plant and equipment, net 300 280
Goodwill 40 40
Total assets $ 600 $ 563
Accounts payable 50 45
Total current liabilities 90 85
Long-term debt 150 160
Total liabilities 240 245
Retained earnings 300 260
Total shareholders' equity 360 318
Total liabilities and shareholders' equity $ 600 $ 563
"""
INCOME = """Orchid Tools, Inc.
Consolidated Statements of Operations
(in millions, except per share data) 2021 2020 2019
Net sales $ 900 $ 850 $ 800
Cost of sales 600 580 550
Gross profit 300 270 250
Research and development 40 38 36
Selling, general and administrative 120 118 110
Operating income 140 114 104
Interest expense 9 10 11
Income before income taxes 131 104 93
Provision for income taxes 30 24 20
Net income $ 101 $ 80 $ 73
Basic $ 1.01 $ 0.80 $ 0.73
Diluted $ 1.00 $ 0.79 $ 0.72
"""
CASH = """Orchid Tools, Inc.
Consolidated Statements of Cash Flows
(in millions) 2021 2020 2019
Net income $ 101 $ 80 $ 73
Depreciation and amortization 35 33 31
Inventories (2) (3) (1)
Accounts payable 5 1 2
Net cash provided by operating activities 139 111 105
Capital expenditures (55) (50) (45)
Net cash used in investing activities (55) (50) (45)
Dividends paid (61) (60) (58)
Net cash used in financing activities (74) (60) (58)
Net increase in cash 10 1 2
"""
NOTES = "Notes to Consolidated Financial Statements\nNote 1. Summary of Accounting Policies\nWe make tools.\n"
TAXES = "Note 2. Income Taxes\nThe effective tax rate was 22.9% in 2021 and 23.1% in 2020.\n"
#: A table like the balance sheet, of one part of the company, far from its statements.
GUARANTOR = (
    "Note 9. Summarized Information\nConsolidated Balance Sheets of the Guarantors\n" + BALANCE.split("\n", 3)[3]
)
REPORT = (COVER, CONTENTS, RISKS, BALANCE, INCOME, CASH, NOTES, TAXES, *["We make tools.\n"] * 12, GUARANTOR)


def make_pages(*texts: str, document: str = "orchid") -> list[Page]:
    """Pages of these texts, their words in lines of one height."""
    pages = []
    for number, text in enumerate(texts, 1):
        boxes = np.array(
            [
                (0.1 + 0.02 * column, 0.1 + 0.02 * row, 0.119 + 0.02 * column, 0.115 + 0.02 * row)
                for row, line in enumerate(text.splitlines())
                for column, _ in enumerate(line.split())
            ],
            np.float32,
        ).reshape(-1, 4)
        pages.append(
            Page(f"{document}/{number}", document, number, f"{document}.pdf", "0", 600, 800, text, "layer", boxes)
        )
    return pages
