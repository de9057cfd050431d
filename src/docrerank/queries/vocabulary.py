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
        ("hours", "days", "weeks"),
        ("minutes", "seconds"),
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
        ("American Water", "Duke Energy", "Dominion Energy", "Southern Company", "Consolidated Edison"),
        ("eBay", "Alibaba", "Etsy", "Shopify", "Rakuten"),
        ("Pfizer", "Merck", "Novartis", "Roche", "Johnson & Johnson"),
        ("Coca-Cola", "PepsiCo", "Nestle", "Unilever", "Danone"),
    ),
    "region": (
        ("United States", "Canada", "Mexico", "Brazil", "Argentina", "Chile", "Colombia"),
        ("Germany", "France", "Italy", "Spain", "Poland", "Sweden", "Norway", "Switzerland", "the Netherlands", "Russia"),
        ("United Kingdom", "Ireland", "Scotland", "Wales"),
        ("China", "Japan", "India", "South Korea", "Indonesia", "Thailand", "Vietnam", "Singapore", "Australia"),
        ("Israel", "Egypt", "Turkey", "Saudi Arabia", "South Africa", "Nigeria", "Kenya"),
        ("Europe", "Asia", "Africa", "North America", "South America", "Latin America", "Asia Pacific", "the Middle East"),
        ("California", "Texas", "Florida", "New York", "Ohio", "Illinois", "Washington", "New Jersey", "Pennsylvania", "Missouri",
         "Indiana", "Michigan", "Georgia", "Virginia", "West Virginia", "North Carolina", "Tennessee", "Kentucky", "Arizona",
         "Colorado", "Oregon", "Iowa", "Maryland", "Massachusetts", "Minnesota", "Wisconsin", "Alabama", "Louisiana", "Nevada"),
        ("north", "south", "east", "west"),
        ("rural", "urban", "suburban"),
    ),
    "comparison": (
        ("increase", "decrease"),
        ("increased", "decreased"),
        ("rise", "fall"),
        ("grow", "shrink"),
        ("growth", "decline"),
        ("above", "below"),
        ("before", "after"),
        ("advantages", "disadvantages"),
        ("strengths", "weaknesses"),
        ("enable", "disable"),
        ("connect", "disconnect"),
        ("start", "stop"),
        ("install", "uninstall"),
        ("add", "remove"),
        ("open", "close"),
        ("lock", "unlock"),
        ("upload", "download"),
        ("import", "export"),
        ("enter", "exit"),
        ("buy", "sell"),
        ("internal", "external"),
        ("input", "output"),
        ("turn on", "turn off"),
        ("enabled", "disabled"),
        ("wired", "wireless"),
        ("public", "private"),
        ("foreign", "domestic"),
        ("direct", "indirect"),
        ("agree", "disagree"),
        ("approve", "disapprove"),
        ("favorable", "unfavorable"),
        ("positive", "negative"),
        ("support", "oppose"),
    ),
    "granularity": (
        ("fiscal year", "the first quarter of", "the second quarter of", "the third quarter of", "the first half of"),
        ("the three months", "the six months", "the nine months", "the twelve months"),
        ("annual", "quarterly", "monthly"),
        ("yearly", "weekly", "daily"),
        ("national", "state", "local"),
        ("global", "domestic", "international"),
        ("basic", "diluted"),
        ("short-term", "long-term"),
        ("full-time", "part-time"),
        ("average", "median"),
        ("current", "non-current"),
        ("per person", "per household"),
    ),
}  # fmt: skip

#: Words that rank. No hard negative exchanges them: the page that tells the highest tells the lowest.
RANKING = frozenset(
    """more less fewer higher lower highest lowest larger smaller largest smallest greater greatest most least fewest
    maximum minimum best worst better worse""".split()
)


#: Openings and phrases of people's questions that may stand for each other in a rephrasing.
WORDING: tuple[tuple[str, ...], ...] = (
    ("What percentage of", "What share of", "What proportion of"),
    ("What is meant by", "What does it mean to speak of"),
    ("How do I", "How can I", "What is the way to"),
    ("What happens if", "What is the result if"),
    ("What happens when", "What is the effect when"),
    ("What should I do if", "What am I supposed to do if"),
    ("By how much did", "To what extent did"),
    ("What is the difference in", "How large is the difference in"),
    ("In which year", "In what year"),
    ("the total number of", "the overall number of"),
    ("phone number", "telephone number"),
    ("customers", "clients"),
    ("employees", "staff members"),
    ("approximately", "about"),
    ("annual", "yearly"),
    ("purchase", "buy"),
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

#: Words that end or begin no name.
PREPOSITIONS = frozenset(
    """of for from in on at by with to per and or as under over between among than through into within without against
    before after during via excluding including less plus about versus vs the a an upon""".split()
)

#: Finite verbs and other words of sentences: a name holds none of them.
VERB_FORMS = frozenset(
    """is are was were be been am has have had do does did will would can could should may might must shall say says said see
    refer improves improve increases reduces outperforms outperform achieves achieve overfit generalizes generalize converges
    performs perform grows declines decreases remains varies matches lead leads helps gives makes takes works become gets got
    refer include includes included consist consists shows show shown provides allows requires depends became become
    indicate check mark click press select read visit follow download continued table contents not please let let's
    however also we our us you your i my they their its it this that these those which who whose there if when""".split()
)

#: Names that say nothing without their page.
GENERIC = frozenset(
    """total totals subtotal other others all balance amount amounts change changes basic diluted thereafter none yes no
    period-end average company firm group report document table figure page section note notes year years month quarter value number item
    items description date name type category average minimum maximum range unit units result results data overview
    purpose background introduction summary conclusion method methods example examples point points day time
    other,net all other total other net other current noncurrent assets:""".split()
) | {"other, net", "all other", "grand total", "total other", "other items", "notes to the accounts", "the company",
     "fair value", "carrying value", "carrying amount", "increase decrease", "beginning balance", "ending balance"}  # fmt: skip

#: Heads of measures that are one thing each and so take an article.
COUNTABLE = frozenset(
    """rate price number percentage ratio share value size score weight height width length depth amount balance population
    area capacity duration temperature speed distance fee budget margin average median proportion allowance provision
    reserve salary wage deficit surplus gain loss charge dividend index frequency count level limit""".split()
)

#: Nouns that end in s and are one.
MASS = frozenset("analysis basis sales-mix news business access process progress goods-mix gross plus loss less".split())

#: Heads of what has an amount.
MEASURES = COUNTABLE | frozenset(
    """revenue sale income expense cost profit loss asset liability liabilities equity debt cash goodwill depreciation
    amortization tax payment receivable payable inventory inventories investment securities borrowing obligation
    contribution benefit compensation interest earning earnings gain deposit loan proceed proceeds purchase repayment issuance
    charge impairment spending penetration usage turnout accuracy precision recall perplexity latency throughput growth
    dividend backlog delivery deliveries order volume production consumption emission emissions output demand supply rent stock capital surplus deficit adjustment
    accrual commitment lease premium claim credit royalty royalties fees hours addition feet footage expenditure expenditures withdrawal turnover headcount attendance enrollment
    exposure writedown borrowings overdraft settlement shares yield return ebitda eps arpu gdp roe roa wage savings
    remittance""".split()
)  # fmt: skip

#: Heads of what is counted: asked about with "how many".
COUNTED = frozenset(
    """subscribers members memberships customers employees users respondents students stores units visitors downloads followers
    vehicles airplanes passengers gallons acres bedrooms votes clubs restaurants hotels schools patients deaths cases births
    households accounts branches facilities properties locations countries cities participants teachers physicians orders
    deliveries branches atms advisors bankers meetings projects courses examples samples questions documents parameters layers
    tokens sentences images classes annotations publications citations people women men children adults""".split()
)

#: Labels of `label: value` lines that people ask for.
LABELS = frozenset(
    """phone telephone fax email website address hours date deadline fee fees price cost location venue duration author
    authors version weight dimensions size capacity language languages instructor advisor contact email number code model
    warranty voltage temperature battery memory storage resolution salary tuition period time place publisher editor client
    budget population area currency capital founder owner manager director chairman headquarters industry degree prerequisite
    prerequisites credits speaker organizer mode""".split()
)

#: Heads of headings that ask "what are": benefits, requirements, steps.
ASPECTS = frozenset(
    """benefits advantages disadvantages limitations requirements prerequisites steps objectives goals aims findings
    recommendations challenges risks features functions responsibilities duties eligibility rules factors principles criteria
    causes effects symptoms types methods options exceptions rights fees deadlines consequences strategies lessons precautions
    qualifications guidelines conditions penalties procedures restrictions specifications components ingredients hours""".split()
)

#: Verbs of tasks, as headings in -ing and instructions have them.
BASE_VERBS = frozenset(
    """accept access activate add adjust answer apply arrange assign attach back book build buy calculate calibrate call cancel
    change charge check choose clean clear close compare configure confirm connect contact control convert copy create customize
    cut deactivate delete deploy develop disable disconnect display download edit enable enroll enter evaluate exit export file
    fill find fix format get give handle identify import improve increase insert inspect install keep launch learn listen load
    lock log maintain make manage measure modify monitor mount move navigate obtain open operate order organize pair pause pay
    perform place plan play prepare prevent print process protect purchase reach read rebuild receive record reduce register
    reject remove renew repair replace replay report request reserve reset resolve restart restore return run save scan
    schedule search secure select sell send set share show start stop store submit switch synchronize take test track train
    transfer turn uninstall unlock unmute update upgrade upload use validate verify view visit wear withdraw work write""".split()
)
