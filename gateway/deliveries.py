"""Which sender does which kind of effect, by the settings."""

from __future__ import annotations

from gateway.authority.deliver import Authority, AuthorityPost
from gateway.clock import now_ms
from gateway.config import GatewaySettings, NotifyPart, OrdersPart, read_secret
from gateway.notify.addresses import Addresses
from gateway.notify.threads import AT_ONCE_MAX
from gateway.push import OrderPush
from gateway.sender import Delivery, Patience, not_set_up
from rules.effects import Effect, Notify, PushOrder, SendToAuthority, TellOccupants
from rules.instant import HOUR_MS, SECOND_MS

ATTEMPTS_MAX = 3  # then the person's next channel is tried (ours)
PUSH_ATTEMPTS_MAX = 40  # over an hour, then hourly: until the push expires after a day (ours)
PERSISTENT_ATTEMPTS_MAX = 20  # of what has no other way; it expires before that (ours)


def deliveries(settings: GatewaySettings) -> dict[type[Effect], Delivery]:
    """Raises ValueError when a secret's file cannot be read."""
    part = settings.notify
    whole = part.seconds_max + 2  # its sockets give up first, and say more
    post = AuthorityPost(
        {
            name: Authority(each.url, each.folder, read_secret(each.token_file), each.exercise)
            for name, each in settings.authorities.items()
        },
        part.seconds_max,
    )
    authorities = Patience(PERSISTENT_ATTEMPTS_MAX, whole, 4, 2 * SECOND_MS)
    return {
        **_messages(part, whole),
        SendToAuthority: Delivery(post.send, authorities),
        PushOrder: _order_push(settings.orders),
    }


def _messages(part: NotifyPart, seconds_max: float) -> dict[type[Effect], Delivery]:
    people = Patience(ATTEMPTS_MAX, seconds_max, AT_ONCE_MAX, SECOND_MS, 8 * SECOND_MS)
    occupants = Patience(PERSISTENT_ATTEMPTS_MAX, seconds_max, 4, SECOND_MS, 60 * SECOND_MS)
    if part.channels_file is None:
        return {Notify: Delivery(not_set_up, people), TellOccupants: Delivery(not_set_up, occupants)}
    from gateway.notify.deliver import Notifier  # imports Apprise: a third of a second that not every start has to pay

    notifier = Notifier(Addresses(part.channels_file), part.seconds_max)
    return {
        Notify: Delivery(notifier.notify, people, notifier.begin),
        TellOccupants: Delivery(notifier.tell_occupants, occupants),
    }


def _order_push(part: OrdersPart) -> Delivery:
    """One at a time, so that they come in order as long as none fails."""
    patience = Patience(PUSH_ATTEMPTS_MAX, part.push_seconds_max + 2, 1, SECOND_MS, HOUR_MS)
    secret = read_secret(part.push_secret_file)
    if part.push_url is None or secret is None:
        return Delivery(not_set_up, patience)
    return Delivery(OrderPush(part.push_url, secret, part.push_seconds_max, now_ms).push, patience)
