"""Words that carry no meaning of their own, and words that mean the same."""

from __future__ import annotations

STOP_WORDS = frozenset(
    """a about above after all also an and any are as at be been before being below between both but by can could did
    do does doing during each for from further had has have having he her here hers him his how i if in into
    is it its just me more most my no nor not of off on once only or other our out over own per s same she
    should so some such t than that the their them then there these they this those through to too under until
    up very was we were what when where which while who whom why will with would you your according report
    document much many find show give list tell look need please value figure number percentage percent share
    total amount say says said mean means whose come came compare compared difference""".split()
)

#: Words that mean the same when a page is searched for a fact; the first stands for all of its row.
SAME_MEANING: tuple[tuple[str, ...], ...] = (
    ("united states", "u.s.", "us", "usa", "america", "american", "americans"),
    ("united kingdom", "u.k.", "uk", "britain", "british"),
    ("germany", "german", "germans"),
    ("france", "french"),
    ("china", "chinese"),
    ("japan", "japanese"),
    ("india", "indian", "indians"),
    ("europe", "european", "emea"),
    ("asia pacific", "apac", "asia-pacific"),
    ("revenue", "sales", "turnover"),
    ("net income", "net earnings", "profit"),
    ("net sales", "net revenue"),
    ("increase", "increased", "rise", "rose", "grew", "grow", "growth", "up"),
    ("decrease", "decreased", "decline", "declined", "fall", "fell", "drop", "dropped", "down"),
    ("employees", "staff", "workforce", "headcount", "personnel"),
    ("women", "female", "females", "woman"),
    ("men", "male", "males", "man"),
    ("phone", "telephone", "tel", "call"),
    ("fax", "facsimile"),
    ("email", "e-mail", "mail"),
    ("dollars", "dollar", "$", "usd"),
    ("euros", "euro", "€", "eur"),
    ("pounds", "pound", "£", "gbp", "lbs", "lb"),
    ("hours", "hour", "hrs", "h"),
    ("kilograms", "kilogram", "kg"),
    ("kilometers", "kilometer", "kilometres", "km"),
    ("percent", "%", "percentage"),
    ("quarterly", "quarter", "quarters", "q1", "q2", "q3", "q4"),
    ("annual", "annually", "yearly", "year", "years"),
    ("monthly", "month", "months"),
    ("average", "mean", "avg"),
    ("fewer", "less"),
    ("more", "greater"),
    ("highest", "largest", "most", "maximum", "biggest", "top", "peak"),
    ("lowest", "smallest", "least", "minimum"),
    ("black", "blacks", "african american"),
    ("hispanic", "hispanics", "latino", "latinos"),
)
