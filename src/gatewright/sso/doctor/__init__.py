"""Find out why a sign-in fails, without signing anybody in: each check says what it saw and how to mend it."""
