"""Every page's main task in Chromium. A package, so that its tower, console and browser end with it: while Playwright
runs, no other event loop can. One worker runs all of it (`tests/conftest.py`)."""
