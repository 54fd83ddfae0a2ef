"""What is said of variables of LiteLLM and Authentik that have no effect here, where there is more to say than that."""

INSTEAD = {
    "ENABLE_SSO_DEBUG": "the test sign-in is always there for administrators: `gatewright doctor sso --sign-in`",
    "LITELLM_LICENSE": "nothing here needs a licence, and there is no limit on users",
    "LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY": (
        "without LITELLM_MASTER_KEY one is made, and a weak one is refused"
    ),
    "LITELLM_CLI_DISABLE_KEYRING": "the credential is in a file that only its owner can read",
    "AUTHENTIK_SECRET_KEY": "LITELLM_SALT_KEY is the key that stored secrets are sealed with",
}


def unsupported(name: str) -> str:
    """The warning about a variable that is set and read by nobody."""
    instead = INSTEAD.get(name)
    return (
        f"{name} has no effect: {instead}"
        if instead
        else f"{name} is set but not supported by this version; it has no effect"
    )
