"""Settings > Shutdown (device-reference 5.2, mark R)."""

from __future__ import annotations

from harness.emulator.http_server import Answer
from harness.emulator.lifecycle import State
from harness.emulator.rendering import prepared
from harness.emulator.visiting import Admitted, administrators_only, back_to, denied, is_pressed, submission


@administrators_only
async def shutdown(visit: Admitted) -> Answer:
    state, asked = visit.unit.state, visit.session.asked_to_shut_down
    refreshed = state is State.SHUTTING_DOWN
    return prepared("shutdown", visit.unit, visit.session, refreshed=refreshed, state=state.name, asked=asked)


@administrators_only
async def change_shutdown(visit: Admitted) -> Answer:
    unit, texts = visit.unit, visit.unit.skin.shutdown
    fields = await submission(visit)
    if fields is None:
        return denied(unit)
    buttons = {
        texts.shut_down: texts.shut_down_field,
        texts.confirm: texts.confirm_field,
        texts.restart: texts.restart_field,
    }
    shut_down, confirm, restart = (
        # A button without a name is sent by a script, and is the only one there.
        not name or is_pressed(fields, name, caption, *(other for text, other in buttons.items() if text != caption))
        for caption, name in buttons.items()
    )
    confirm = confirm and (bool(texts.confirm_field) or visit.session.asked_to_shut_down)
    if restart and (unit.state is State.SHUT_DOWN or texts.steps == 0):
        page = prepared("restarting", unit, visit.session)
        page.afterwards = lambda: unit.restart(unit.skin.reasons.web)
        return page
    if confirm or (shut_down and texts.steps == 1):
        visit.session.asked_to_shut_down = False
        if unit.is_kept_by_calls:
            return back_to("shutdown", visit, texts.busy)
        unit.shut_down(unit.skin.reasons.shutdown)
    elif shut_down:
        visit.session.asked_to_shut_down = True
    return back_to("shutdown", visit)
