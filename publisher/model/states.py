"""What may follow what: the states of an address and of its subscriptions. Pure.

The state that a list shows is one of five: pending, active, unsubscribed, bounced, complained.

Nothing but the reader's own act, or the newsroom's explicit reversal, leads back to active from
unsubscribed, bounced, complained or erased. A form is no such act: anybody can type an address.
"""

from __future__ import annotations

from dataclasses import dataclass

from publisher.model.people import Cause, SubscriberState, SubscriptionState

# Done with a link from the reader's own mailbox.
OWN_ACTS = frozenset({Cause.CONFIRMED, Cause.RESUBSCRIBED})
LEAVING = frozenset({Cause.UNSUBSCRIBE_LINK, Cause.ONE_CLICK, Cause.MAILTO, Cause.TAKEN_OFF})

_PENDING, _ACTIVE, _LEFT = SubscriptionState

_ADDRESS: dict[Cause, dict[SubscriberState, SubscriberState]] = {
    Cause.BOUNCED: {SubscriberState.DELIVERABLE: SubscriberState.BOUNCED},
    Cause.COMPLAINED: {
        SubscriberState.DELIVERABLE: SubscriberState.COMPLAINED,
        SubscriberState.BOUNCED: SubscriberState.COMPLAINED,
    },
    Cause.RESTORED: {
        SubscriberState.BOUNCED: SubscriberState.DELIVERABLE,
        SubscriberState.COMPLAINED: SubscriberState.DELIVERABLE,
    },
    **dict.fromkeys(OWN_ACTS, dict.fromkeys(SubscriberState, SubscriberState.DELIVERABLE)),
    # Who has complained before stays known as that.
    Cause.ERASED: {
        **dict.fromkeys(SubscriberState, SubscriberState.ERASED),
        SubscriberState.COMPLAINED: SubscriberState.COMPLAINED,
    },
}

_SUBSCRIPTION: dict[Cause, dict[SubscriptionState | None, SubscriptionState | None]] = {
    Cause.ADDED: {None: _PENDING},
    Cause.CONSENT: {None: _ACTIVE, _PENDING: _ACTIVE},
    Cause.SIGNED_UP: {None: _PENDING},
    Cause.CONFIRMED: {_PENDING: _ACTIVE, _LEFT: _ACTIVE},
    Cause.RESUBSCRIBED: {_PENDING: _ACTIVE, _LEFT: _ACTIVE},
    **{cause: {None: _LEFT, _PENDING: _LEFT, _ACTIVE: _LEFT} for cause in LEAVING},
    # An address that comes back for one list must not come back to those it has complained about.
    Cause.COMPLAINED: {_PENDING: _LEFT, _ACTIVE: _LEFT},
    Cause.EXPIRED: {_PENDING: None},
    Cause.RESTORED: {_LEFT: _ACTIVE},
    Cause.ERASED: dict.fromkeys(SubscriptionState),
}

# What the newsroom does for itself reaches only addresses that can be written to; a form reaches
# also one that bounced, since a mailbox may work again, and one that was erased.
_REACHES: dict[Cause, frozenset[SubscriberState]] = {
    Cause.ADDED: frozenset({SubscriberState.DELIVERABLE}),
    Cause.CONSENT: frozenset({SubscriberState.DELIVERABLE}),
    Cause.SIGNED_UP: frozenset(SubscriberState) - {SubscriberState.COMPLAINED},
}


@dataclass(frozen=True, slots=True)
class Former:
    """What a reversal goes back to."""

    address: SubscriberState = SubscriberState.DELIVERABLE
    subscription: SubscriptionState = SubscriptionState.ACTIVE


_ALL_WELL = Former()


@dataclass(frozen=True, slots=True)
class Standing:
    """An address, and its place on one list; None where it has none there.

    An address of which nothing but a suppression is left stands as erased.
    """

    address: SubscriberState = SubscriberState.DELIVERABLE
    subscription: SubscriptionState | None = None

    @property
    def gets_editions(self) -> bool:
        """Whether the list's mail goes there."""
        return self == Standing(SubscriberState.DELIVERABLE, SubscriptionState.ACTIVE)

    @property
    def shown(self) -> str:
        """The one word for both. That somebody has left hides a bounce, but no complaint."""
        has_left = self.subscription is SubscriptionState.UNSUBSCRIBED
        hidden = has_left and self.address is SubscriberState.BOUNCED
        if self.address is not SubscriberState.DELIVERABLE and not hidden:
            return self.address.value
        return self.subscription.value if self.subscription else ""

    def after(self, cause: Cause, former: Former = _ALL_WELL) -> Standing:
        """Where it stands after `cause`; the same where that changes nothing.

        A reversal (RESTORED) puts what it changes back to what it was, which is `former`.
        """
        before = self.subscription
        if self.address not in _REACHES.get(cause, SubscriberState):
            return self
        if cause in OWN_ACTS and before is None:
            return self  # what it was about is gone
        address = _ADDRESS.get(cause, {}).get(self.address, self.address)
        after = _SUBSCRIPTION.get(cause, {}).get(before, before)
        if cause is Cause.RESTORED:
            address = address if address is self.address else former.address
            after = after if after is before else former.subscription
        return Standing(address, after)

    @property
    def takes_confirmation(self) -> bool:
        """Whether a confirm mail may go there: never to who has complained."""
        return self.address is not SubscriberState.COMPLAINED and not self.gets_editions
