"""Whether a query is in the language of its page: by script, and among the Latin ones by their commonest words.

A query of a few words gives little to go by, so that only a plain contradiction counts.
"""

from __future__ import annotations

import unicodedata
from collections import Counter

MAX_CHARACTERS = 20_000
#: A text is in a language if it holds at least this many of its commonest words, and this many times more than of any.
MIN_HITS, LEAD = 2, 2.0

_COMMON = {
    "en": "the of and to in is was were for on with by from what which how many much did does are that at who where",
    "de": "der die das und den von zu mit ist wie viele welche was wurde wird im für auf des dem ein eine nach bei",
    "fr": "le la les des du et est une dans pour que quel quelle combien sur par au aux avec sont été qui où",
    "es": "el los las del y es una en para que cuál cuántos qué por con se fue son cómo dónde quién al",
    "it": "il lo gli della del e è una nel per che quale quanti cosa con sono di da come dove chi alla",
    "pt": "o os as do da e é uma em para que qual quantos com foi são não dos das como onde quem no",
    "nl": "de het een van en is in op voor dat welke hoeveel wat met zijn werd door bij wie waar naar",
    "sv": "och att det som en på är av för med den till hur många vilken vad var från inte om",
    "pl": "w i z na do się jest jak ile który która co od po dla przez były był gdzie kto",
}
_WORDS = {language: frozenset(words.split()) for language, words in _COMMON.items()}


def find_language(text: str) -> str:
    """A language's code, a script's name, or nothing if neither is plain.

    Examples:
        >>> find_language("How many people did the company employ in 2019?"), find_language("Сколько людей?")
        ('en', 'CYRILLIC')
        >>> find_language("EBITDA 2019")
        ''
    """
    script = _find_script(text[:MAX_CHARACTERS])
    if script != "LATIN":
        return script
    words = Counter(text[:MAX_CHARACTERS].lower().replace("?", " ").replace(",", " ").split())
    hits = sorted(((sum(words[word] for word in own), name) for name, own in _WORDS.items()), reverse=True)
    (most, best), (second, _) = hits[:2]
    return best if most >= MIN_HITS and most >= LEAD * second else ""


def is_other_language(query: str, page_language: str) -> bool:
    """Whether a query is plainly in another language than its page; `page_language` is what `find_language` gave."""
    own = find_language(query)
    return bool(own and page_language) and own != page_language


def _find_script(text: str) -> str:
    """The script of most letters: the first word of their Unicode names."""
    scripts: Counter[str] = Counter()
    for character, count in Counter(filter(str.isalpha, text)).items():
        scripts[unicodedata.name(character, "").partition(" ")[0]] += count
    return scripts.most_common(1)[0][0] if scripts else ""
