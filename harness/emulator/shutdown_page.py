"""Settings > Shutdown (device-reference 5.2, mark R)."""

from __future__ import annotations

from harness.emulator.lifecycle import State
from harness.emulator.visiting import Admitted, Answer, administrators_only, back_to, denied, render, submission


@administrators_only
async def shutdown(visit: Admitted) -> Answer:
    return render("shutdown", visit.unit, visit.session, state=visit.unit.state.name)


@administrators_only
async def change_shutdown(visit: Admitted) -> Answer:
    unit, texts = visit.unit, visit.unit.skin.shutdown
    fields = await submission(visit)
    if fields is None:
        return denied(unit)
    if texts.restart_field in fields and unit.state is State.SHUT_DOWN:
        page = render("restarting", unit, visit.session)
        return Answer(page.response, lambda: unit.restart(unit.skin.reasons.web))
    if texts.confirm_field in fields or (texts.shut_down_field in fields and texts.steps == 1):
        visit.session.asked_to_shut_down = False
        if unit.is_kept_by_calls:
            return back_to("shutdown", visit, texts.busy)
        unit.shut_down()
    elif texts.shut_down_field in fields:
        visit.session.asked_to_shut_down = True
    return back_to("shutdown", visit)
