"""The demo's crawl: pages made up from a vocabulary, with one of everything a real crawl has planted among them."""
