"""The two companies whose reports ship with the samples. Both are invented."""

from __future__ import annotations

from maker.company import Company, Segment, Story
from maker.theme import Theme

BRANKHOLM_STORY = Story(
    strapline="Moving water, and everything that behaves like it",
    letter=(
        "The year that ended on 30 June {year|0} was the first since we opened the Skarnes foundry in which "
        "every part "
        "of Brankholm could buy its castings inside the group. It shows in the figures. Revenue came to {Revenue|0}, "
        "against {Revenue|-1} the year before, and operating profit to {Operating profit|0}. The operating margin of "
        "{Operating margin|0} is still short of the 14% we have promised for the middle of the decade, and I will "
        "not dress that up.",
        "Municipal Water had a year to remember. Nineteen utilities signed framework agreements with us, the largest "
        "of them the 11-year contract with the Lodvik water board for 340 borehole pumps. Marine & Offshore, by "
        "contrast, spent the first half waiting for two ballast systems that were stuck in the Orsund yard strike, "
        "which lasted 47 days.",
        "In November we sold the small compressor business at Hettar to its management for \u20ac18.6 million, and in "
        "March we bought Dallmoor Seals, a family firm of 86 people that has made our mechanical seals for as long as "
        "anyone here can remember. The price was \u20ac41.2 million, of which a quarter depends on the results of the "
        "next two years.",
        "The board proposes a dividend of {Dividend per share|0} per share ({Dividend per share|-1}), payable on 9 "
        "November. Our people have earned their bonus as well: each employee outside the executive team receives "
        "\u20ac850 in September.",
        "Next year we expect revenue growth between 3% and 5% and capital expenditure of about \u20ac75 million, most "
        "of it for the second moulding line at Skarnes. Ingrid Solvaag leaves the board after nine years; we thank "
        "her, and propose Dr Matteo Ferrick in her place.",
    ),
    signed=("Henrike Aldous-Brandt", "Chair of the board"),
    segments=(
        "Brankholm reports four segments. <b>Process Pumps</b> serves chemical and paper plants, <b>Municipal "
        "Water</b> "
        "public utilities, <b>Marine & Offshore</b> shipyards and platforms, and <b>Aftermarket Services</b> sells "
        "parts and maintenance to all of them.",
        "The order book stood at 9.4 months of sales at the year end (8.1 months a year earlier). Price increases "
        "took effect in October and averaged 4.5% for new orders; spare parts were raised by 6% in January.",
    ),
    regions=(
        "Customers in 61 countries bought from us. The largest single customer accounted for 4.8% of sales. We opened "
        "service centres in Halifax and Busan and closed the sales office in Graz.",
        "In Asia Pacific the desalination programme of the Kessang authority moved to its second phase, for which we "
        "deliver 52 high-pressure pumps over three years.",
    ),
    income=(
        "Gross profit was held back by nickel, which cost us \u20ac9.7 million more than planned, and helped by lower "
        "freight rates. Restructuring in the Graz office is included in administrative expenses with \u20ac2.3 "
        "million.",
        "Research and development was spent on the Triton pump family (54% of the total), on condition monitoring "
        "(31%) and on seals. The effective tax rate was {Tax rate|0}, compared with {Tax rate|-1} in {year|-1}. The "
        "average number of shares was 48.0 million in all years.",
    ),
    position=(
        "A revolving credit facility of \u20ac200 million with six banks runs until May 2027; \u20ac35 million of it "
        "was drawn at the balance sheet date. The loan covenants require net debt below 3.0 times EBITDA.",
    ),
    notes=(
        "Additions to property, plant and equipment and to software, without leases and acquisitions.",
        "Buildings are written off over 25 to 40 years, machinery over 8 to 15 years, moulds and tools over 4 years.",
        "Acquisitions: Dallmoor Seals was consolidated from 1 March {year|0}. The purchase price allocation led to "
        "goodwill of \u20ac16.9 million and customer relations of \u20ac12.4 million.",
        "Auditor's fees: Lindqvist Farrow LLP received \u20ac1.9 million for the audit and \u20ac0.3 million "
        "for other "
        "services.",
        "Events after the balance sheet date: On 18 July a fire damaged the paint shop in Tarnby. Nobody was "
        "hurt. The "
        "insurers have accepted the claim; deliveries of about \u20ac6 million move into the second quarter.",
    ),
    people=(
        "We took on 131 apprentices, 22 more than the year before, in 14 trades. The employee survey was answered by "
        "83% of our colleagues, and 76% of them would recommend Brankholm as an employer.",
    ),
    risks=(
        (
            "Raw materials",
            "Nickel, copper and castings make up 38% of the cost of sales. A price change of 10% that we "
            "could not pass on would cost about \u20ac27 million a year.",
        ),
        ("Cyber attacks", "An intrusion in February stopped order entry for 31 hours. Backups are now kept offline."),
        (
            "Large projects",
            "Four orders above \u20ac20 million are in progress, with penalties for late delivery of "
            "up to 8% of the order value.",
        ),
    ),
)

BRANKHOLM = Company(
    stem="brankholm-annual-report-2023",
    name="Brankholm Fluid Systems plc",
    short="Brankholm",
    currency="EUR",
    sign="\u20ac",
    year=2023,
    ended="30 June 2023",
    segments=(
        Segment("Process Pumps", 371, 0.031, 0.138),
        Segment("Municipal Water", 244, 0.072, 0.117),
        Segment("Marine & Offshore", 198, -0.012, 0.092),
        Segment("Aftermarket Services", 143, 0.058, 0.214),
    ),
    regions=(("Nordics", 0.30), ("Central Europe", 0.27), ("North America", 0.24), ("Asia Pacific", 0.19)),
    shares=48.0,
    story=BRANKHOLM_STORY,
    theme=Theme("#134a6b", "#eaf1f5", "#3f8fb5", size=10.8),
    pages=("letter", "glance", "segments", "regions", "income", "position", "notes", "people"),
)

OSTRELLIA_STORY = Story(
    strapline="Good food from ordinary plants",
    letter=(
        "When I joined Ostrellia in 2016 we sold one oat drink in two countries. In {year|0} our net sales were "
        "{Revenue|0}, net income was {Profit for the year|0}, and a shopper in any of 23 countries can put at least "
        "one of our 214 products in the basket.",
        "It was not an easy year. Wheat and palm oil were dear until the summer, and the recall of the Marisma "
        "lasagne in May, caused by a mislabelled allergen, cost us $7.4 million and some goodwill. We found the fault "
        "ourselves, told the authorities the same day and had the product off the shelves within 36 hours.",
        "Two decisions will shape the coming years. We are moving frozen production from Vilar to the new plant at "
        "Torre Blanca, which was handed over on October 21 at a cost of $13.2 million, $0.8 million under "
        "budget. And we "
        "have ended private-label baking in the United Kingdom, a business of some $28 million in sales that never "
        "earned its keep.",
        "The directors recommend a dividend of {Dividend per share|0} a share, after {Dividend per share|-1} for "
        "{year|-1}. We bought back 1.1 million of our own shares at an average price of $31.70.",
        "For {year|1} we plan organic growth of 4% to 6% and an operating margin above 12%. By 2028 every package we "
        "sell is to be recyclable; today 81% are.",
    ),
    signed=("Tobias Renquist-Amaral", "President and Chief Executive Officer"),
    segments=(
        "<b>Plant-Based Dairy</b> covers drinks, yogurt and cheese alternatives under the Avenka and Dulcelon brands, "
        "<b>Bakery & Snacks</b> bread, crackers and bars under Molinet, and <b>Ready Meals</b> chilled and frozen "
        "dishes under Marisma.",
        "Volumes rose 3.2% in Plant-Based Dairy and 1.4% in Bakery & Snacks; in Ready Meals they fell 2.6% because of "
        "the recall. Marketing spend was 6.8% of net sales. Avenka Barista became our first brand to pass $150 "
        "million at retail.",
    ),
    regions=(
        "Iberia remains our home: about every third dollar is earned there. In the United Kingdom the two largest "
        "grocery chains account for 58% of our sales. In Latin America we work through distributors in nine "
        "countries and with our own sales force in Chile and Colombia.",
        "Online orders grew to 11.5% of group sales (9.8% in {year|-1}).",
    ),
    income=(
        "Cost of sales includes the write-off of recalled stock. Selling expenses rose with the launch of Dulcelon in "
        "Benelux, which alone took $5.2 million. The effective tax rate was {Tax rate|0} ({Tax rate|-1} in "
        "{year|-1}).",
        "A stronger dollar reduced reported net sales by 1.9%. At constant exchange rates all three segments would "
        "have shown higher operating income than reported.",
    ),
    position=(
        "The $150 million bond due 2029 carries interest of 4.35%. Sixty-two percent of the borrowings are at fixed "
        "rates. Trade receivables were on average 41 days old. No customer owed more than 9% of the total.",
    ),
    notes=(
        "Cash additions to plants, equipment and software. Torre Blanca is shown under Ready Meals.",
        "Straight line: buildings 30 years, ovens and filling lines 12 years, vehicles 6 years.",
        "Legal proceedings: A former distributor in Peru claims $3.8 million for the end of its contract. The court "
        "in Lima will hear the case in September 2025; we have set aside $1.2 million.",
        "Share-based pay: 412,000 restricted shares were granted to 138 managers; they vest after three years.",
        "Related parties: The Amaral family foundation, which holds 17.3% of the shares, was paid $0.6 million "
        "in rent "
        "for the head office in Coimbra.",
    ),
    people=(
        "Training took 19 hours per employee. Ostrellia Academy, opened in June, teaches plant operators in four "
        "languages. Wages at all sites are at least 15% above the legal minimum.",
    ),
    risks=(
        (
            "Harvests",
            "Oats and almonds are bought up to 18 months ahead. A failed almond harvest in one country would "
            "raise our costs by roughly $9 million.",
        ),
        (
            "Food safety",
            "Every line is tested for allergens each shift since the recall; there are 1,900 tests a week.",
        ),
        (
            "Currency",
            "We sell in seven currencies. A rise of the dollar by 5% lowers operating income by about $4 million.",
        ),
    ),
)

OSTRELLIA = Company(
    stem="ostrellia-foods-2024-annual-report",
    name="Ostrellia Foods Group, Inc.",
    short="Ostrellia",
    currency="USD",
    sign="$",
    year=2024,
    ended="December 31, 2024",
    segments=(
        Segment("Plant-Based Dairy", 268, 0.083, 0.152),
        Segment("Bakery & Snacks", 231, 0.024, 0.118),
        Segment("Ready Meals", 174, 0.041, 0.087),
    ),
    regions=(("Iberia", 0.34), ("France & Benelux", 0.26), ("United Kingdom", 0.22), ("Latin America", 0.18)),
    shares=61.5,
    story=OSTRELLIA_STORY,
    theme=Theme("#3d5a2a", "#f1f4ea", "#a3b86c", serif=True, size=11.6),
    pages=("letter", "segments", "regions", "income", "position", "notes", "people"),
    labels={
        "Revenue": "Net sales",
        "Operating profit": "Operating income",
        "Profit for the year": "Net income",
        "Profit before tax": "Income before taxes",
        "Income tax": "Provision for income taxes",
        "Revenue growth": "Net sales growth",
        "Women managers": "Women in management",
        "Lost-time injuries": "Recordable injuries",
    },
)
