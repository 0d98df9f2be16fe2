"""Signing in and out: passwords, the OpenID provider, the setup secret; sessions and their refresh tokens."""

from __future__ import annotations

from sqlalchemy import Connection

from api.errors import Code
from api.identity_port import Access, Account, Change, Issued, NotDone, Whence
from api.permissions import Role, granted
from gateway.identity import access, accounts, sessions
from gateway.identity.core import DAY_MS, IdentityCore
from gateway.identity.lockout import ELSEWHERE
from gateway.identity.passwords import check_password
from gateway.identity.secret_files import is_setup_secret
from gateway.identity.sessions import Session
from gateway.identity.signing import Claims
from rules.instant import Instant

KNOWN_PLACE_MS = 30 * DAY_MS  # an address from which somebody has signed in is theirs for so long
FIRST_ADMIN = Change(frozenset({Role.ADMIN}), None, None, frozenset(), None, disabled=False)
WRONG = "the name or the password is wrong"


class SigningIn(IdentityCore):
    async def set_up(self, secret: str, name: str, password: str, whence: Whence) -> Account:
        await self.look()
        self._take_attempt(name, whence)
        if self.users_exist or not is_setup_secret(self._folder, secret):
            self.note(self._line("set_up_refused", "", whence, name))
            raise NotDone(Code.INVALID_GRANT, "there are users already, or this is not the setup secret")
        check_password(name, password)
        hash = await self._passwords.hashed(password)

        def work(connection: Connection, now: Instant) -> Account:
            if accounts.count(connection):
                raise NotDone(Code.INVALID_GRANT, "there are users already")
            return accounts.add(connection, name, FIRST_ADMIN, hash, "setup", now)

        return await self._do(work, self._line("user_made", "setup", whence, name, "admin, by the setup secret"))

    async def sign_in(self, name: str, password: str, whence: Whence) -> Issued:
        self._take_attempt(name, whence)
        now = self._clock()
        places, hash = await self._ask(lambda it: _places_and_hash(it, name, now - KNOWN_PLACE_MS))
        place = whence.peer if whence.peer in places else ELSEWHERE
        self._refuse_locked(name, place, whence)
        right, rehashed = await self._passwords.matches(hash, password)
        if not right:
            locked = self._lockout.failed(name, place, self._clock())
            self.note(self._line("sign_in_failed", "", whence, name))
            if locked:
                self.note(self._line("locked_out", "", whence, name, f"from {place}"))
            raise NotDone(Code.INVALID_GRANT, WRONG)
        self._refuse_locked(name, place, whence)  # by others that were tried meanwhile
        issued = await self._open(name, whence, "signed_in", rehashed)
        self._lockout.succeeded(name, place)
        return issued

    async def change_password(self, name: str, old: str, new: str, whence: Whence) -> Account:
        self._take_attempt(name, whence)
        self._refuse_locked(name, whence.peer, whence)
        right, _ = await self._passwords.matches(await self._ask(lambda it: accounts.password_of(it, name)), old)
        if not right:
            self._lockout.failed(name, whence.peer, self._clock())
            self.note(self._line("password_refused", name, whence, name))
            raise NotDone(Code.INVALID_GRANT, "the old password is wrong")
        check_password(name, new)
        hash = await self._passwords.hashed(new)
        line = self._line("password_set", name, whence, name, "their own")
        return await self._do(lambda it, _: accounts.set_password(it, name, hash), line)

    async def refresh(self, token: str, whence: Whence) -> Issued:
        now = self._clock()

        def work(connection: Connection) -> tuple[Session, str] | sessions.Reused:
            try:
                session = sessions.use(connection, token, now)
            except sessions.Reused as reused:  # the revocation has to be committed
                sessions.revoke(connection, reused.session.id, now)
                line = self._line("refresh_token_reused", reused.session.user, whence, reused.session.id)
                access.write(connection, [Access(line.what, line.who, line.peer, line.about, "", line.request, now)])
                return reused
            return session, sessions.new_refresh_token(connection, session, now + self._lives.refresh_ms)

        done = await self._ask(work)
        if isinstance(done, sessions.Reused):
            await self._in_thread(self._read_if_changed)
            raise done
        return self._issued(*done, now)

    async def sign_out(self, token: str, whence: Whence) -> None:
        found = await self._ask(lambda it: sessions.find(it, token))
        if found is None:
            return
        session, *_ = found
        line = self._line("signed_out", session.user, whence, session.id)
        await self._do(lambda it, now: sessions.revoke(it, session.id, now), line)

    # ---- the OpenID provider

    async def sign_in_at_provider(self) -> tuple[str, str]:
        if self._provider is None:
            raise NotDone(Code.NO_PROVIDER, "no OpenID provider is set up")
        return await self._provider.begin(self._clock())

    async def signed_in_at_provider(self, code: str, state: str, cookie: str, whence: Whence) -> Issued:
        if self._provider is None:
            raise NotDone(Code.NO_PROVIDER, "no OpenID provider is set up")
        self._take_attempt("", whence)
        try:
            external = await self._provider.finish(code, state, cookie, self._clock())
        except NotDone as error:
            self.note(self._line("sign_in_failed", "", whence, "at the provider", error.reason))
            raise
        account = await self._ask(lambda it: accounts.by_external(it, external))
        if account is None or account.disabled:
            self.note(self._line("sign_in_failed", "", whence, external, "the provider knows them, Tocsin does not"))
            raise NotDone(Code.INVALID_GRANT, "whoever has signed in at the provider is no user here")
        return await self._open(account.name, whence, "signed_in_at_provider")

    # ----

    def _take_attempt(self, name: str, whence: Whence) -> None:
        wait_s = self._lockout.attempt(whence.peer, self._clock())
        if wait_s is not None:
            self.note(self._line("too_many_attempts", "", whence))
            raise NotDone(Code.TOO_MANY_SIGN_INS, "too many attempts from this address", wait_s)

    def _refuse_locked(self, name: str, place: str, whence: Whence) -> None:
        wait_s = self._lockout.locked(name, place, self._clock())
        if wait_s is not None:
            self.note(self._line("sign_in_failed", "", whence, name, "locked"))
            raise NotDone(Code.LOCKED_OUT, "too many wrong passwords", wait_s)

    async def _open(self, name: str, whence: Whence, what: str, rehashed: str | None = None) -> Issued:
        lives = self._lives

        def work(connection: Connection, now: Instant) -> tuple[Session, str]:
            if accounts.one(connection, name).disabled:
                raise NotDone(Code.INVALID_GRANT, WRONG)
            if rehashed is not None:
                accounts.rehash(connection, name, rehashed)
            session = sessions.open_session(connection, name, whence.peer, now, now + lives.session_ms)
            return session, sessions.new_refresh_token(connection, session, now + lives.refresh_ms)

        session, token = await self._do(work, self._line(what, name, whence))
        return self._issued(session, token, self._clock())

    def _issued(self, session: Session, refresh_token: str, now: Instant) -> Issued:
        account = self._known.users[session.user]
        claims = Claims(session.user, session.id, session.epoch, min(now + self._lives.access_ms, session.ends_at))
        return Issued(
            session.user,
            self._signer.sign(claims, now),
            (claims.ends_at - now) // 1000,
            refresh_token,
            granted(account.roles),
        )


def _places_and_hash(connection: Connection, name: str, since: Instant) -> tuple[frozenset[str], str | None]:
    return sessions.known_peers(connection, name, since), accounts.password_of(connection, name)
