"""A real headless Chromium, found on the machine; CONTRIBUTING says how to install it."""

import json
import os
import shutil
import warnings

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")


@pytest.fixture(scope="session")
def browser():
    """A Selenium driver that records console messages and requests.

    Without a browser the tests are skipped with a reason on a developer's machine, and fail in CI.
    """
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    driver = shutil.which("chromedriver")
    if found is None or driver is None:
        reason = "no chromium and chromedriver on the path (Debian: apt-get install chromium chromium-driver)"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = found
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # Selenium leaves its pipe to the driver to the collector
        session = webdriver.Chrome(options=options, service=Service(driver))
        yield session
        session.quit()


@pytest.fixture
def visit(browser):
    """Open a file at a window size and colour scheme, with fresh logs; all that folds is unfolded, unless `folded`."""

    def go(path, width=1280, height=900, scheme="light", *, folded=False):
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
        for log in ("browser", "performance"):
            browser.get_log(log)
        browser.get(path.as_uri())
        if not folded:
            browser.execute_script("for (const each of document.querySelectorAll('details')) each.open = true")
        return browser

    return go


@pytest.fixture
def requests_of(browser):
    """Addresses that the page asked for since it was opened."""

    def read():
        messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
        asked = [message for message in messages if message["method"] == "Network.requestWillBeSent"]
        return [message["params"]["request"]["url"] for message in asked]

    return read
