"""The benchmark `score`: quality models of every kind over the same texts, Parquet to Parquet."""
