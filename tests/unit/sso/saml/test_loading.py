"""The libraries of SAML are an extra: without SAML nothing of them is needed, nor loaded."""

import subprocess
import sys


def test_nothing_of_saml_is_loaded_without_it() -> None:
    code = "import gatewright.app.build, sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    names = done.stdout.split()
    assert {name.partition(".")[0] for name in names} & {"lxml", "signxml", "onelogin", "xmlsec"} == set()
    assert {name for name in names if "saml" in name} == {
        "gatewright.app.saml",
        "gatewright.settings.saml",
        "gatewright.web.sso.saml",
    }
