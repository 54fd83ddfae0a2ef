"""The arithmetic of a session: sliding, the absolute end, and ids that follow one another."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from gatewright.domain.clock import DAY, HOUR, MINUTE
from gatewright.domain.session_life import (
    OVERLAP,
    RENEW_AFTER,
    SHORT_RENEW_AFTER,
    SHORT_SECRET,
    Brought,
    Lives,
    Times,
    Verdict,
    judge,
)

START = 1_795_219_200_000
PLAIN = Lives(DAY, None, None, RENEW_AFTER)
IDLE = Lives(DAY, 30 * MINUTE, None, RENEW_AFTER)
SHORT = Lives(DAY, None, SHORT_SECRET, SHORT_RENEW_AFTER)
LIVES = st.builds(
    Lives,
    st.integers(MINUTE, 3 * DAY),
    st.none() | st.integers(MINUTE, 2 * DAY),
    st.none() | st.just(SHORT_SECRET),
    st.none() | st.integers(MINUTE, HOUR),
)


class Browser:
    """A session as the database keeps it, and a browser that may miss answers. `generation` numbers the secrets."""

    def __init__(self, lives: Lives) -> None:
        end = START + lives.absolute
        self.lives = lives
        self.times = Times(START, lives.end(START, end), end, START)
        self.current = self.held = 0
        self.superseded: list[tuple[int, int]] = []

    def brings(self, generation: int) -> Brought:
        waits = self.times.next_at is not None and generation == self.current + 1
        if generation == self.current or waits:
            return Brought.NEXT if waits else Brought.CURRENT
        return Brought.PREVIOUS if generation == self.current - 1 else Brought.STRANGE

    def use(self, now: int, *, generation: int | None = None, lost: bool = False) -> Verdict:
        brought = self.brings(self.held if generation is None else generation)
        found = judge(self.lives, self.times, brought, now)
        if found.verdict is not Verdict.GOOD:
            return found.verdict
        changes: dict[str, int | None] = {}
        if found.expires_at is not None:
            changes |= {"last_used_at": now, "expires_at": found.expires_at}
        if found.adopt:
            assert self.times.next_at is not None
            changes |= {"secret_at": self.times.next_at, "next_at": None, "previous_until": now + OVERLAP}
            self.superseded.append((self.current, now))
            self.current += 1
        if found.renew:
            changes["next_at"] = now if self.times.next_at is None else self.times.next_at
            if not lost:
                self.held = self.current + 1
        self.times = msgspec.structs.replace(self.times, **changes)
        return found.verdict


@given(LIVES, st.lists(st.integers(0, 6 * HOUR), max_size=30))
def test_no_use_is_good_after_an_end_and_no_end_is_after_the_absolute_one(lives: Lives, gaps: list[int]) -> None:
    browser, now, last = Browser(lives), START, START
    for gap in gaps:
        now += gap
        verdict = browser.use(now)
        assert browser.times.expires_at <= START + lives.absolute
        if verdict is not Verdict.GOOD:
            assert verdict is Verdict.OVER
            # Not a moment too soon: what is not written yet is a tenth of the limit at most.
            ends = (START + lives.absolute, last + lives.unused - lives.touch_every, browser.times.secret_at)
            assert now >= min(ends[:2]) or (lives.secret is not None and now >= ends[2] + lives.secret)
            return
        assert now < min(START + lives.absolute, last + lives.unused)
        last = now


@given(st.sampled_from([PLAIN, IDLE, SHORT]), st.lists(st.tuples(st.integers(1, 90), st.booleans()), min_size=1))
def test_whoever_keeps_using_it_stays_to_the_absolute_end(lives: Lives, uses: list[tuple[int, bool]]) -> None:
    """Gaps up to a minute and a half; of two answers in a row one may be lost on the way."""
    browser, now, lost_before = Browser(lives), START, False
    end = START + lives.absolute
    while True:
        for seconds, lost in uses:
            now += seconds * 1000 + MINUTE // 2
            if now >= end or now - START > 3 * HOUR:
                assert browser.current > 0 or now - START < 2 * RENEW_AFTER
                return
            lost_before = lost and not lost_before
            assert browser.use(now, lost=lost_before) is Verdict.GOOD


@given(st.sampled_from([PLAIN, IDLE, SHORT]), st.integers(1, 10), st.integers(0, DAY))
def test_a_secret_of_before_counts_for_a_short_while_and_then_ends_it(lives: Lives, many: int, late: int) -> None:
    browser, now = Browser(lives), START
    while browser.current < many:
        now += MINUTE
        assert browser.use(now) is Verdict.GOOD
    generation, adopted_at = browser.superseded[-1]
    assert browser.use(adopted_at + OVERLAP - 1, generation=generation) is Verdict.GOOD
    after = browser.use(adopted_at + OVERLAP + late, generation=generation)
    over = adopted_at + OVERLAP + late >= browser.times.expires_at
    assert after is (Verdict.OVER if over else Verdict.REUSED)
    for old, _ in browser.superseded[:-1]:
        assert browser.use(adopted_at, generation=old) is Verdict.REUSED


def test_a_short_id_lives_ten_minutes_and_no_longer() -> None:
    """Without the answers, as a copied cookie would be used."""
    browser = Browser(SHORT)
    for minute in range(1, 10):
        assert browser.use(START + minute * MINUTE, lost=True) is Verdict.GOOD
    assert browser.use(START + SHORT_SECRET - 1, lost=True) is Verdict.GOOD
    assert browser.use(START + SHORT_SECRET) is Verdict.OVER


def test_an_id_is_renewed_once_an_hour_and_nothing_is_written_in_between() -> None:
    times = Times(START, START + DAY, START + DAY, START)
    quiet = judge(PLAIN, times, Brought.CURRENT, START + MINUTE)
    assert (quiet.renew, quiet.adopt, quiet.expires_at) == (False, False, None)
    assert not judge(PLAIN, times, Brought.CURRENT, START + RENEW_AFTER - 1).renew
    assert judge(PLAIN, times, Brought.CURRENT, START + RENEW_AFTER).renew
