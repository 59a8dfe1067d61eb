"""What datatrove's URLFilter calls the reasons of `filters.url.UrlPolicy`."""

DATATROVE_URL_REASONS = {
    "blocked_domain": "domain",
    "blocked_subdomain": "subdomain",
    "blocked_url": "url",
    "hard_banned_word": "hard_blacklisted",
    "soft_banned_words": "soft_blacklisted",
    "banned_subword": "blacklisted_subword",
}
