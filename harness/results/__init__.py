"""What runs have left, in a database; what has changed since, and what is flaky.

`schema` and `migrations` are the database, `database` opens it, `ingest` puts a run into it. A run comes from its
folder (`run_folder`) or from JUnit XML (`junit`). `matrix` reads the newest nights; `flakiness`, `changes`, `drift`
and `firmware` say what they mean; `history` is all of that together, and `pages` shows it.
"""
