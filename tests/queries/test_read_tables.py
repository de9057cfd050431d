from __future__ import annotations

from pages import lay_out

from docrerank.pages import lines
from docrerank.queries.read_tables import Table, number, read_tables
from docrerank.queries.table_facts import property_of, table_facts

INCOME = """
Consolidated income statement
Year ended December 31          2020      2019      2018
Net sales                      1,234     1,100       990
Cost of sales                   (800)     (700)     (650)
Operating income                 434       400       340
"""
SURVEY = """
Trust in institutions by party
                      Democrats     Republicans     Independents
Very high                   12%             30%              21%
Somewhat high               40%             35%              44%
"""


def only_table(text: str) -> Table:
    tables = [table for table in read_tables(lines(lay_out(text))) if len(table.rows) > 1]
    assert len(tables) == 1
    return tables[0]


def test_rows_stand_under_their_years() -> None:
    table = only_table(INCOME)
    assert table.columns == ("2020", "2019", "2018")
    assert [row.label for row in table.rows] == ["Net sales", "Cost of sales", "Operating income"]
    assert table.rows[1].values == ("(800)", "(700)", "(650)")
    assert table.title == "Consolidated income statement"


def test_columns_are_named_by_the_cells_over_them() -> None:
    assert only_table(SURVEY).columns == ("Democrats", "Republicans", "Independents")


def test_facts_of_a_table_are_its_cells_and_changes() -> None:
    facts = list(table_facts(only_table(INCOME)))
    cells = {(fact.parts["row"], fact.parts["year"]): fact.answer for fact in facts if fact.kind == "cell_year"}
    assert cells["net sales", "2019"] == "1,100"
    change = next(fact for fact in facts if fact.kind == "cell_change")
    assert (change.parts["first"], change.parts["last"], change.answer) == ("2018", "2020", "990 to 1,234")


def test_a_share_is_asked_of_what_has_it() -> None:
    facts = [fact for fact in table_facts(only_table(SURVEY)) if fact.kind == "share"]
    asked = {(frozenset((fact.parts["member"], fact.parts["measure"])), fact.answer) for fact in facts}
    assert (frozenset(("very high", "Republicans")), "30%") in asked


def test_years_that_come_twice_are_told_apart_by_what_stands_over_them() -> None:
    header = """
                          Retail Banking      Commodity Trading
                          2022      2021      2022      2021
Total net revenue          229       217       335       305
Provision for losses        78        60        44        33
"""
    table = only_table(header)
    assert table.columns == ("2022", "2021", "2022", "2021")
    assert table.groups == ("Retail Banking", "Retail Banking", "Commodity Trading", "Commodity Trading")
    facts = {(f.parts["group"], f.parts["year"]): f.answer for f in table_facts(table) if f.kind == "group_year"}
    assert facts["Commodity Trading", "2021"] in ("305", "33")


def test_years_that_come_twice_under_nothing_name_no_column() -> None:
    table = only_table("""
                          2022      2021      2022      2021
Total net revenue          229       217       335       305
Provision for losses        78        60        44        33
""")
    assert not any(table.columns)


def test_a_measure_is_compared_over_its_years() -> None:
    facts = {(fact.kind, fact.parts.get("row")): fact for fact in table_facts(only_table(INCOME))}
    assert facts["peak", "net sales"].answer == "2020"
    assert facts["rose", "net sales"].answer == "990 to 1,234"
    assert ("peak", "cost of sales") in facts


def test_a_line_of_amounts_names_no_column() -> None:
    rows = ("Total      $ 705,978    $ 12,000", "US agency    498,385      11,000     3", "Other    1,385   900   4")
    text = "\n".join(rows)
    assert all(not any(table.columns) for table in read_tables(lines(lay_out(text))))


def test_brackets_mean_minus() -> None:
    assert number("(1,234.5)") == -1234.5
    assert number("n/a") is None


def test_labels_have_their_property() -> None:
    assert [property_of(label) for label in ("Germany", "Cloud", "Acme Tools", "Net sales", "2019")] == [
        "region",
        "segment",
        "entity",
        "metric",
        "year",
    ]
