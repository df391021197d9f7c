from browsing import browser, requests_of, visit

__all__ = ["browser", "requests_of", "visit"]
