"""The relying party's endpoints: sign-in start, callback, sign-out, the command line's login."""
