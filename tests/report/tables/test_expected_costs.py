from hypnos.llm.estimate import Estimate
from hypnos.report.tables.expected_costs import Expense, expense_table


def test_the_table_adds_up_and_admits_what_it_does_not_know():
    def expense(step, usd):
        shared = {"requests": 1500, "held": 500, "tokens_in": 20, "tokens_out": 10, "most_usd": 2.5, "hours": 0.25}
        return Expense(step, Estimate(model="m", usd=usd, **shared))

    known = expense_table([expense("generate", 1.25), expense("cross_score", 0.5)]).splitlines()
    assert known[-1].split() == ["sum", "3,000", "1,000", "40", "20", "1.75", "5.00", "0.50"]
    unknown = expense_table([expense("generate", 1.25), expense("cross_score", None)]).splitlines()
    assert [line.split()[-3] for line in unknown[-3:]] == ["1.25", "unknown", "unknown"]
