"""Whatever random people do in whatever order: what `machine.Circuits` says holds after each act."""

from tests.signature.machine import Circuits, campaign

WHAT_A_CAMPAIGN_MEETS = (
    "send: taken", "sign: taken", "approve: taken", "seal: taken", "complete: taken", "sign on tablet: taken",
    "take back: taken", "withdraw: taken", "sign: must-be-represented", "sign on tablet: nobody-at-bedside",
    "complete: someone-signed-meanwhile", "complete: prepared-not-found", "withdraw: nothing-to-withdraw",
)  # fmt: skip


def test_no_order_of_acts_leaves_the_table_skips_a_step_signs_for_another_or_loses_an_act(db: None) -> None:
    campaign(examples=3, acts=15, derandomize=True)
    # A campaign in which everything is refused, or nothing, would show nothing.
    assert not {*WHAT_A_CAMPAIGN_MEETS} - {*Circuits.tally}
