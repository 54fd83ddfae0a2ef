"""What it costs: prices, the ledger behind its journal, reports.

Knows no user rules and no HTTP.
"""
