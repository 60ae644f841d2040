"""A real browser: headless Chromium by its driver, with all that it has to say of the page."""
import os
import shutil
import time

from lab import SLOW

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
MISSING = None if CHROMIUM and DRIVER else "Chromium and its driver are not installed (./dev deps test)"
if not MISSING:
    from selenium import webdriver
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service
    from selenium.webdriver.common.action_chains import ActionChains

FLAGS = ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-background-networking", "--no-first-run", "--window-size=1440,1000",
         "--hide-scrollbars", "--disable-component-update", "--disable-extensions", "--no-proxy-server")


class Browser:
    def __init__(self, folder):
        options = Options()
        options.binary_location = CHROMIUM
        for flag in (*FLAGS, f"--user-data-dir={folder}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(service=Service(DRIVER, env={**os.environ, "HOME": str(folder)}), options=options)
        self.driver.set_script_timeout(20 * SLOW)
        self.view()

    def view(self, width=1440, height=1000, scheme="light"):
        """As on a screen of this size, in light or dark."""
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600})
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme},
                                                                               {"name": "prefers-reduced-motion", "value": "reduce"}]})

    def open(self, url):
        self.complaints()
        self.driver.get(url)

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def wait(self, condition, what, seconds=10):
        """What the expression gives, as soon as it is true."""
        end = time.monotonic() + seconds * SLOW
        while True:
            value = self.run(f"return {condition}")
            if value:
                return value
            assert time.monotonic() < end, f"not within {seconds * SLOW} s: {what}\n{self.complaints()}\n{self.run('return document.body.innerText')[:3000]}"
            time.sleep(0.05)

    def text(self, selector):
        return self.run("return document.querySelector(arguments[0])?.innerText ?? ''", selector)

    def click(self, selector):
        """As with a mouse: it must be there, in sight, and nothing in front of it."""
        self.run("document.querySelector(arguments[0]).scrollIntoView({block: 'center'})", selector)
        ActionChains(self.driver, duration=0).move_to_element(self.driver.find_element("css selector", selector)).click().perform()

    def fill(self, selector, value):
        """As if it had been pasted."""
        self.run("const field = document.querySelector(arguments[0]); field.value = arguments[1]; field.dispatchEvent(new Event('input', {bubbles: true}))", selector, value)

    def keys(self, *keys):
        for key in keys:
            ActionChains(self.driver, duration=0).send_keys(key).perform()

    def complaints(self):
        """Errors and warnings of the console since the last look."""
        return [f"{entry['level']}: {entry['message']}" for entry in self.driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]

    def close(self):
        self.driver.quit()
