"""Events as FHIR R4 AuditEvent resources, after IHE's Basic Audit Log Patterns (BALP).

An act that was done gets the profile of its kind: Create, Read, Update, Delete or Query, with a patient or without.
BALP profiles successes only, so a refusal is a plain AuditEvent with outcome 4 (minor failure) and the code of the
refusal. What was erased or never known is said to be so (data-absent-reason), never left to be guessed.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"
_DCM = "http://dicom.nema.org/resources/ontology/DCM"
_PROFILE = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit"
_ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
_ON_BEHALF_OF = "http://hl7.org/fhir/StructureDefinition/auditevent-OnBehalfOf"

_SOURCE = (_DCM, "110153", "Source Role ID")
_DESTINATION = (_DCM, "110152", "Destination Role ID")
_APPLICATION = (_DCM, "110150", "Application")
_CUSTODIAN = (f"{_TERMINOLOGY}/provenance-participant-type", "custodian", "Custodian")
_AUTHOR = (f"{_TERMINOLOGY}/v3-ParticipationType", "AUT", "author (originator)")
_RECIPIENT = (f"{_TERMINOLOGY}/v3-ParticipationType", "IRCP", "information recipient")


@dataclass(frozen=True, slots=True)
class _Kind:
    """What BALP says of one kind of act."""

    profile: str
    action: str
    subtype: str
    client: tuple[str, str, str]
    server: tuple[str, str, str]
    user: tuple[str, str, str]


_CREATE = _Kind("Create", "C", "create", _SOURCE, _DESTINATION, _AUTHOR)
_READ = _Kind("Read", "R", "read", _DESTINATION, _SOURCE, _RECIPIENT)
_UPDATE = _Kind("Update", "U", "update", _SOURCE, _DESTINATION, _AUTHOR)
_DELETE = _Kind("Delete", "D", "delete", _APPLICATION, _CUSTODIAN, _AUTHOR)
_QUERY = _Kind("Query", "E", "search", _SOURCE, _DESTINATION, _RECIPIENT)

# The last word of an action; any other verb changes something that was there.
_VERBS = (
    dict.fromkeys(("add", "announce", "create", "deposit", "file", "invite", "issue", "make", "register"), _CREATE)
    | dict.fromkeys(("check", "download", "export", "open", "prove", "read", "see", "verify", "view"), _READ)
    | dict.fromkeys(("delete", "destroy", "erase", "forget", "remove"), _DELETE)
    | dict.fromkeys(("find", "list", "search"), _QUERY)
)


def audit_event(core: Mapping[str, Any], detail: Mapping[str, Any] | None, *, server: str) -> dict[str, Any]:
    """One AuditEvent.

    Args:
        core: the event's core, as it is committed to.
        detail: the event's detail likewise; None when it was erased.
        server: this instance's name (its host).
    """
    kind = _VERBS.get(core["action"].rpartition(":")[2], _UPDATE)
    done = core["outcome"] == "done"
    known = detail or {}
    patient = known.get("patient")
    event: dict[str, Any] = {"resourceType": "AuditEvent", "id": core["id"]}
    if done and (detail is not None):
        event["meta"] = {"profile": [f"{_PROFILE}.{'Patient' if patient else ''}{kind.profile}"]}
    event |= {
        "type": _coding(f"{_TERMINOLOGY}/audit-event-type", "rest", "Restful Operation"),
        "subtype": [_coding("http://hl7.org/fhir/restful-interaction", kind.subtype, kind.subtype)],
        "action": kind.action,
        "recorded": core["at"],
        "outcome": "0" if done else "4",
    }
    if not done:
        event["outcomeDesc"] = str(known.get("detail", {}).get("code", "refused"))
    if core["purpose"]:
        event["purposeOfEvent"] = [_concept(_purpose(core["purpose"]))]
    event["agent"] = [
        {
            "type": _concept(_coding(*kind.client)),
            "who": {"display": known["client"]} if known.get("client") else _absent(detail),
            "requestor": False,
            "network": {"address": known["source_address"], "type": "2"}
            if known.get("source_address")
            else _absent(detail),
        },
        {
            "type": _concept(_coding(*kind.server)),
            "who": {"identifier": {"value": server}, "display": server},
            "requestor": False,
            "network": {"address": server, "type": "1"},
        },
    ]
    if known.get("person"):
        event["agent"].append(_user(core, known, kind))
    event["source"] = {
        "site": core["organisation"],
        "observer": {"identifier": {"value": server}, "display": server},
        "type": [_coding(f"{_TERMINOLOGY}/security-source-type", "4", "Application Server")],
    }
    event["entity"] = _entities(core, detail, kind)
    return event


def _user(core: Mapping[str, Any], known: Mapping[str, Any], kind: _Kind) -> dict[str, Any]:
    who = _person(known["person"], patient=core["actor_kind"] == "patient")
    user: dict[str, Any] = {"type": _concept(_coding(*kind.user)), "who": who, "requestor": True}
    if known.get("on_behalf_of"):
        user["extension"] = [
            {"url": _ON_BEHALF_OF, "valueReference": {"identifier": _identifier(known["on_behalf_of"])}}
        ]
    if core["purpose"]:
        user["purposeOfUse"] = [_concept(_purpose(core["purpose"]))]
    return user


def _entities(core: Mapping[str, Any], detail: Mapping[str, Any] | None, kind: _Kind) -> list[dict[str, Any]]:
    known = detail or {}
    system_object = _coding(f"{_TERMINOLOGY}/audit-entity-type", "2", "System Object")
    if kind is _QUERY:
        # The profile wants the request; ours is the action's name, for what was asked could be content.
        data = {
            "type": system_object,
            "role": _coding(f"{_TERMINOLOGY}/object-role", "24", "Query"),
            "query": base64.b64encode(core["action"].encode()).decode(),
        }
    else:
        subject = known.get("subject")
        data = {
            "what": {"identifier": _identifier(subject)} if subject else _absent(detail),
            "type": system_object,
            "role": _coding(f"{_TERMINOLOGY}/object-role", "4", "Domain Resource"),
        }
    entities: list[dict[str, Any]] = [data]
    if known.get("patient"):
        entities.append(
            {
                "what": _person(known["patient"], patient=True),
                "type": _coding(f"{_TERMINOLOGY}/audit-entity-type", "1", "Person"),
                "role": _coding(f"{_TERMINOLOGY}/object-role", "1", "Patient"),
            }
        )
    facts = [("action", core["action"]), ("family", core["family"])]
    facts += [("category", category) for category in core["categories"]]
    facts += [(name, core[name]) for name in ("origin", "ground") if core[name]]
    facts += [(name, known[name]) for name in ("means", "acr", "session") if known.get(name)]
    entities.append({"name": core["action"], "detail": [{"type": name, "valueString": value} for name, value in facts]})
    return entities


def _person(identifier: str, *, patient: bool) -> dict[str, Any]:
    if patient:
        return {"reference": f"Patient/{identifier}", "type": "Patient"}
    return {"identifier": _identifier(identifier), "type": "Practitioner"}


def _identifier(value: str) -> dict[str, str]:
    return {"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{value}"}


def _purpose(code: str) -> dict[str, str]:
    return {"system": f"{_TERMINOLOGY}/v3-ActReason", "code": code}


def _coding(system: str, code: str, display: str) -> dict[str, str]:
    return {"system": system, "code": code, "display": display}


def _concept(coding: dict[str, str]) -> dict[str, Any]:
    return {"coding": [coding]}


def _absent(detail: Mapping[str, Any] | None) -> dict[str, Any]:
    """An element that holds only why it holds nothing: erased, or never known."""
    return {"extension": [{"url": _ABSENT, "valueCode": "masked" if detail is None else "not-applicable"}]}
