"""Whatever random people do in whatever order: what `machine.Circuits` says holds after each act."""

from tests.signature.machine import Circuits, campaign


def test_no_order_of_acts_leaves_the_table_skips_a_step_signs_for_another_or_loses_an_act(db: None) -> None:
    campaign(examples=6, acts=20, derandomize=True)
    # A campaign in which everything is refused would show nothing.
    for act in ("send", "sign", "approve", "seal", "complete", "sign on tablet"):
        assert Circuits.tally[f"{act}: taken"], f"{act} was never taken: {Circuits.tally}"
