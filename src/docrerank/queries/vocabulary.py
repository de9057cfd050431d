"""Word lists of the model-free writer and judge: what may be exchanged for what, and what asks nothing."""

from __future__ import annotations

#: Terms of one property that stand in for each other; a hard negative exchanges one for another of its row.
EXCHANGES: dict[str, tuple[tuple[str, ...], ...]] = {
    "year": (
        ("January", "February", "March", "April", "June", "July", "August", "September", "October", "November", "December"),
    ),
    "metric": (
        ("revenue", "net income", "operating income", "gross profit", "operating expenses", "cost of revenue",
         "capital expenditures", "free cash flow", "total assets", "total liabilities"),
        ("net sales", "gross margin", "operating profit", "cost of sales", "operating margin"),
        ("dividends", "share repurchases", "stock options", "earnings per share", "shares outstanding"),
        ("accuracy", "precision", "recall", "F1 score", "latency", "throughput", "perplexity"),
        ("population", "median income", "unemployment rate", "life expectancy", "birth rate", "literacy rate"),
        ("employees", "customers", "suppliers", "contractors", "shareholders"),
        ("price", "weight", "height", "width", "capacity", "voltage", "temperature"),
        ("phone number", "fax number", "email address", "postal address", "opening hours", "website"),
        ("start date", "end date", "deadline", "duration", "fee", "venue"),
    ),
    "segment": (
        ("cloud", "software", "hardware", "advertising", "services", "manufacturing", "licensing", "subscription"),
        ("retail", "wholesale", "commercial", "consumer", "enterprise", "government", "residential", "industrial"),
        ("healthcare", "education", "hospitality", "finance", "insurance", "energy", "transportation"),
        ("men", "women", "children", "adults", "seniors", "teenagers"),
        ("Democrats", "Republicans", "independents"),
        ("Hispanic", "Black", "White", "Asian"),
        ("undergraduate", "postgraduate", "doctoral"),
    ),
    "unit": (
        ("dollars", "euros", "pounds", "yen"),
        ("hours", "days", "weeks", "months"),
        ("kilometers", "miles", "meters", "feet"),
        ("kilograms", "pounds", "tons", "grams"),
        ("celsius", "fahrenheit"),
        ("megabytes", "gigabytes", "terabytes"),
    ),
    "entity": (
        ("Apple", "Microsoft", "Google", "Amazon", "Adobe", "Oracle", "IBM", "Intel", "Facebook", "Netflix", "SAP"),
        ("Walmart", "Target", "Costco", "Best Buy", "Home Depot", "Kroger"),
        ("Boeing", "Airbus", "Lockheed Martin", "General Electric", "Siemens", "Honeywell"),
        ("JPMorgan", "Citigroup", "Goldman Sachs", "Morgan Stanley", "Wells Fargo", "HSBC"),
        ("Verizon", "AT&T", "T-Mobile", "Comcast", "Vodafone"),
        ("Toyota", "Ford", "Volkswagen", "Tesla", "Honda"),
        ("Twitter", "LinkedIn", "YouTube", "Instagram", "WhatsApp"),
        ("GPT-4", "Claude", "Llama", "PaLM", "Gemini"),
    ),
    "region": (
        ("United States", "Canada", "Mexico", "Brazil", "Argentina", "Chile", "Colombia"),
        ("Germany", "France", "Italy", "Spain", "Poland", "Sweden", "Norway", "Switzerland", "the Netherlands", "Russia"),
        ("United Kingdom", "Ireland", "Scotland", "Wales"),
        ("China", "Japan", "India", "South Korea", "Indonesia", "Thailand", "Vietnam", "Singapore", "Australia"),
        ("Israel", "Egypt", "Turkey", "Saudi Arabia", "South Africa", "Nigeria", "Kenya"),
        ("Europe", "Asia", "Africa", "North America", "South America", "Latin America", "Asia Pacific", "the Middle East"),
        ("California", "Texas", "Florida", "New York", "Ohio", "Illinois", "Washington"),
        ("north", "south", "east", "west"),
    ),
    "comparison": (
        ("increase", "decrease"),
        ("increased", "decreased"),
        ("rise", "fall"),
        ("grow", "shrink"),
        ("growth", "decline"),
        ("above", "below"),
        ("before", "after"),
        ("first", "last"),
        ("gain", "loss"),
        ("advantages", "disadvantages"),
        ("strengths", "weaknesses"),
        ("enable", "disable"),
        ("connect", "disconnect"),
        ("start", "stop"),
        ("install", "uninstall"),
        ("add", "remove"),
    ),
    "granularity": (
        ("annual", "quarterly", "monthly"),
        ("yearly", "weekly", "daily"),
        ("national", "state", "local"),
        ("global", "domestic", "international"),
        ("gross", "net"),
        ("basic", "diluted"),
        ("short-term", "long-term"),
        ("full-time", "part-time"),
        ("average", "median"),
        ("current", "non-current"),
        ("per person", "per household"),
        ("individual", "aggregate"),
    ),
}  # fmt: skip

#: Words that rank. No hard negative exchanges them: the page that tells the highest tells the lowest.
RANKING = frozenset(
    """more less fewer higher lower highest lowest larger smaller largest smallest greater greatest most least fewest
    maximum minimum best worst better worse""".split()
)


#: Openings and phrases of people's questions that may stand for each other in a rephrasing.
WORDING: tuple[tuple[str, ...], ...] = (
    ("What percentage of", "What share of", "What proportion of", "How many percent of"),
    ("How many", "What is the number of"),
    ("What is meant by", "What does it mean to speak of"),
    ("How do I", "How can I", "What are the steps to"),
    ("Who is", "What is the name of"),
    ("When was", "On what date was", "In which year was"),
    ("Why did", "What made", "For what reason did"),
    ("employees", "staff", "workforce"),
    ("revenue", "sales", "turnover"),
    ("increase", "rise", "growth"),
    ("decrease", "decline", "drop"),
    ("change between", "differ between"),
    ("phone number", "telephone number", "number to call"),
    ("customers", "clients"),
    ("company", "firm", "business"),
    ("requirements", "conditions"),
    ("purpose", "aim", "goal"),
    ("benefits", "advantages"),
)

#: A question with one of these makes sense only with the page in hand.
PAGE_IN_HAND = (
    "this page", "this figure", "this table", "this chart", "this slide", "this image", "this graph", "this section",
    "the figure above", "the figure below", "the table above", "the table below", "the chart above", "the chart below",
    "the following", "as follows", "shown above", "shown below", "see above", "see below", "listed above", "listed below",
    "the above", "the below", "on the left", "on the right", "previous page", "next page", "this paragraph", "herein",
    "aforementioned", "the former", "the latter",
)  # fmt: skip

#: A subject or clause that begins with one of these points at something the question does not name.
DANGLING = frozenset(
    """see it its they their them this that these those he she his her him such there here one ones both each another
    others which who whom whose what when where while although however therefore thus hence moreover
    furthermore below above also then so and or but nor as if because since unless until whether i you your my we our us""".split()
)

#: First words of a noun phrase that lose their capital inside a question.
ARTICLES = frozenset("the a an all most some many total net operating average every".split())
