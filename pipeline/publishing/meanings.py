"""What the names in a dataset's manifest mean, in the words of its card."""

COLUMNS = {
    "text": "text of the page",
    "id": "WARC-Record-ID of the record that the page was in",
    "dump": "crawl that the archive file belongs to, else the name of the source",
    "url": "address of the page",
    "date": "when the page was fetched, UTC",
    "file_path": "archive file that the page is from",
    "language": "most likely language",
    "language_score": "confidence of the language, 0 to 1",
    "token_count": "tokens of `text`; null where the recipe counts none",
    "minhash_cluster_size": "near-duplicates of which this page is the one that stays, itself included; 1 where it has none",
}

REASONS = {
    "not_html": "the media type is not one that the recipe reads",
    "blocked_domain": "the registered domain is on the block list",
    "blocked_subdomain": "the host is on the block list",
    "blocked_url": "the address is on the block list",
    "hard_banned_word": "the address has a word of the list of which one is enough",
    "soft_banned_words": "the address has several words of the softer list",
    "banned_subword": "the address holds a listed word, spaces and punctuation aside",
    "empty_body": "the response had no body",
    "empty_text": "the extractor found no text",
    "other_language": "the most likely language is not one of the recipe's",
    "uncertain_language": "no language is likely enough",
    "near_duplicate": "another page of its cluster of near-duplicates stays",
    "corrupt_record": "bytes of the archive that cannot be read as records",
    "truncated_record": "the archive ends within the record",
    "no_text": "the row's text is null or missing",
    "text_not_string": "the row's text is no text",
    "not_utf8": "the row is not UTF-8",
    "bad_json": "the line is no JSON",
    "not_an_object": "the line is JSON, but no object",
    "bad_http": "the response cannot be read as HTTP",
    "undecodable": "the body is not text in any charset",
    "over_size": "larger than the recipe's limit",
    "over_memory": "extraction took more memory than the limit",
    "over_cpu": "extraction took more CPU time than the limit",
    "over_time": "extraction gave no answer in time",
    "extractor_error": "the extractor gave up",
    "extractor_crashed": "the extractor's process ended",
}

ITEMS = {
    "html_only": "gate: passes HTML only",
    "url_policy": "gate: block lists of domains and addresses, listed words in addresses",
    "trafilatura": "extractor: from HTML to the main text",
    "language": "gate: most likely language by a fastText model",
    "gopher_repetition": "measure: repeated lines, paragraphs and n-grams (Gopher, table A1)",
    "gopher_quality": "measure: number and shape of words (Gopher, section A1.1)",
    "c4_lines": "transform: removes lines as C4 does, and measures what it saw",
    "line_quality": "measure: short, unpunctuated and repeated lines (FineWeb, section 3.6)",
    "DatatroveFilter": "measure: what a filter of datatrove says",
    "DatatroveEditingFilter": "transform: a filter of datatrove that also changes the text",
    "DatatroveFormatter": "transform: a formatter of datatrove",
    "Annotation": "columns joined from a file",
    "personal_data": "transform: replaces e-mail and public IP addresses",
    "token_counter": "counts tokens of a byte-level BPE tokenizer",
}

# Identifiers of the Hub, with the address that a Croissant description gives.
LICENSES = {
    "odc-by": "https://opendatacommons.org/licenses/by/1-0/",
    "cc0-1.0": "https://creativecommons.org/publicdomain/zero/1.0/",
    "cc-by-4.0": "https://creativecommons.org/licenses/by/4.0/",
    "cc-by-sa-4.0": "https://creativecommons.org/licenses/by-sa/4.0/",
    "cc-by-nc-4.0": "https://creativecommons.org/licenses/by-nc/4.0/",
    "apache-2.0": "https://www.apache.org/licenses/LICENSE-2.0",
    "mit": "https://opensource.org/license/mit",
}
