"""What certificates point to, as served: openssl asks the real addresses; strangers and noise are answered as due."""

import base64
import hashlib
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote
from uuid import uuid4
from wsgiref.simple_server import WSGIRequestHandler

import pytest
from asn1crypto import cms, core, ocsp, tsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.ocsp import OCSPRequestBuilder, OCSPResponseStatus, load_der_ocsp_response
from django.core.servers.basehttp import ThreadedWSGIServer
from django.db import connection, connections
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from telesphore.audit.models import Event
from telesphore.config import settings
from telesphore.config.wsgi import application
from telesphore.kernel.clock import now
from telesphore.pki import actions as pki
from telesphore.pki import ports, queries
from telesphore.pki.actions import IssuedToken
from telesphore.pki.errors import AuthorityEnded
from telesphore.pki.states import Reason
from telesphore.vault.errors import WrongMasterKey
from telesphore.web import rates
from telesphore.web.pki import views
from tests.cast import Cast
from tests.pki.openssl import binary, openssl, pem

OCSP_TYPE, QUERY_TYPE = "application/ocsp-request", "application/timestamp-query"


def seal_of(cast: Cast) -> IssuedToken:
    return pki.organisation_seal(
        organisation_id=cast.hospital, organisation_name="Centre hospitalier", actor=cast.sylvie, at=now()
    )


def authority_of(cast: Cast) -> str:
    return str(pki.establish_authority(organisation_id=cast.hospital, actor=cast.sylvie, at=now()))


def revoke(cast: Cast, token: IssuedToken) -> None:
    serial_number = x509.load_der_x509_certificate(token.certificate).serial_number
    pki.revoke_certificate(
        organisation_id=cast.hospital, serial_number=f"{serial_number:x}", reason=Reason.SUPERSEDED,
        actor=cast.sylvie, at=now(),
    )  # fmt: skip


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the standard library's name.
        """A request is not news."""


@pytest.fixture
def served(committed_cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cast]:
    """The cast, in an instance whose certificates point to a server that answers."""
    monkeypatch.setitem(connections["default"].settings_dict, "CONN_MAX_AGE", 0)
    server = ThreadedWSGIServer(("127.0.0.1", 0), _Quiet)
    server.set_app(application)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    ports.base_url.bind(lambda: f"http://127.0.0.1:{server.server_address[1]}")
    try:
        yield committed_cast
    finally:
        ports.base_url.bind(lambda: settings.BASE_URL)
        server.shutdown()
        thread.join()
        server.server_close()


def pointed_to(certificate: bytes) -> dict[str, str]:
    """The addresses in a certificate."""
    extensions = x509.load_der_x509_certificate(certificate).extensions
    access = extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    found = {one.access_method._name: one.access_location.value for one in access}
    for point in extensions.get_extension_for_class(x509.CRLDistributionPoints).value:
        assert point.full_name is not None
        found["crl"] = point.full_name[0].value
    return found


def fetch(address: str) -> bytes:
    with urllib.request.urlopen(address, timeout=10) as response:
        content: bytes = response.read()
    return content


def test_all_that_a_certificate_points_to_leads_to_the_root(served: Cast, tmp_path: Path) -> None:
    token = seal_of(served)
    issuing = fetch(pointed_to(token.certificate)["caIssuers"])
    root = fetch(pointed_to(issuing)["caIssuers"])
    assert (issuing, root) == token.chain
    assert [root] == queries.trust_anchors(served.hospital)
    crls = [fetch(pointed_to(one)["crl"]) for one in (token.certificate, issuing)]
    result = openssl(
        "verify", "-x509_strict", "-crl_check_all", "-CRLfile", pem(tmp_path / "crls", [], crls),
        "-CAfile", pem(tmp_path / "root", [root]), "-untrusted", pem(tmp_path / "issuing", [issuing]),
        pem(tmp_path / "signer", [token.certificate]),
    )  # fmt: skip
    assert result.stdout.endswith("OK\n"), result.stdout


def ask_with_openssl(folder: Path, token: IssuedToken, *options: str) -> str:
    issuing, root = token.chain
    return openssl(
        "ocsp", *options, "-issuer", pem(folder / "issuing", [issuing]),
        "-cert", pem(folder / "signer", [token.certificate]),
        "-url", pointed_to(token.certificate)["OCSP"], "-CAfile", pem(folder / "root", [root]), "-text",
    ).stdout  # fmt: skip


@pytest.mark.parametrize("options", [(), ("-sha256",), ("-no_nonce",)], ids=["sha1", "sha256", "no-nonce"])
def test_openssl_asks_the_served_responder_and_believes_it(served: Cast, tmp_path: Path, options: tuple[str]) -> None:
    token = seal_of(served)
    said = ask_with_openssl(tmp_path, token, *options)
    assert "Response verify OK" in said, said
    assert "signer: good" in said
    # An echoed nonce is checked by openssl, which warns of a missing one.
    assert "no nonce in response" not in said
    assert "Nonce Verify error" not in said


def test_openssl_is_told_of_a_revocation_at_once(served: Cast, tmp_path: Path) -> None:
    token = seal_of(served)
    revoke(served, token)
    said = ask_with_openssl(tmp_path, token)
    assert "Response verify OK" in said, said
    assert "signer: revoked" in said
    assert "Reason: superseded" in said


def test_openssl_verifies_a_stamp_got_over_http(served: Cast, tmp_path: Path) -> None:
    authority_id = authority_of(served)
    data = binary(tmp_path / "data", b"the document")
    query, reply = tmp_path / "query", tmp_path / "reply"
    openssl("ts", "-query", "-data", data, "-sha384", "-cert", "-out", query)
    request = urllib.request.Request(
        f"{ports.base_url.get()}/pki/{authority_id}/timestamp", query.read_bytes(), {"Content-Type": QUERY_TYPE}
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        assert response.headers["Content-Type"] == "application/timestamp-reply"
        reply.write_bytes(response.read())
    root = pem(tmp_path / "root", queries.trust_anchors(served.hospital))
    result = openssl("ts", "-verify", "-queryfile", query, "-in", reply, "-CAfile", root)
    assert "Verification: OK" in result.stdout, result.stdout


def request_about(token: IssuedToken, *, serial_number: int | None = None, nonce: bytes | None = None) -> bytes:
    issuing = x509.load_der_x509_certificate(token.chain[0])
    if serial_number is None:
        builder = OCSPRequestBuilder().add_certificate(
            x509.load_der_x509_certificate(token.certificate), issuing, hashes.SHA256()
        )
    else:
        key = issuing.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
        builder = OCSPRequestBuilder().add_certificate_by_hash(
            hashlib.sha1(issuing.subject.public_bytes()).digest(), key, serial_number, hashes.SHA1()
        )
    if nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return builder.build().public_bytes(Encoding.DER)


def post(cast: Cast, content: bytes, media_type: str = OCSP_TYPE, authority_id: str = "") -> Any:
    return Client().post(
        f"/pki/{authority_id or authority_of(cast)}/ocsp", content, content_type=media_type, CONTENT_TYPE=media_type
    )


def test_a_serial_number_that_was_never_given_is_unknown_not_good(cast: Cast) -> None:
    answer = load_der_ocsp_response(post(cast, request_about(seal_of(cast), serial_number=12345)).content)
    assert answer.response_status is OCSPResponseStatus.SUCCESSFUL
    assert answer.certificate_status.name == "UNKNOWN"


def test_a_certificate_of_another_organisation_is_unknown(cast: Cast) -> None:
    elsewhere = pki.organisation_seal(
        organisation_id=cast.elsewhere, organisation_name="Imagerie des Aulnes", actor=cast.cherif, at=now()
    )
    answer = load_der_ocsp_response(post(cast, request_about(elsewhere)).content)
    assert answer.certificate_status.name == "UNKNOWN"


def test_one_request_about_several_certificates_is_answered_for_each(cast: Cast) -> None:
    token = seal_of(cast)
    asked = ocsp.OCSPRequest.load(request_about(token))
    other = ocsp.OCSPRequest.load(request_about(token, serial_number=77))
    asked["tbs_request"]["request_list"].append(other["tbs_request"]["request_list"][0].copy())
    response = ocsp.OCSPResponse.load(post(cast, asked.dump(force=True)).content)
    assert [one["cert_status"].name for one in response.response_data["responses"]] == ["good", "unknown"]


@pytest.mark.parametrize("length", [1, 32, 128])
def test_a_nonce_comes_back(cast: Cast, length: int) -> None:
    response = post(cast, request_about(seal_of(cast), nonce=b"n" * length))
    answer = load_der_ocsp_response(response.content)
    assert answer.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce == b"n" * length
    assert response["Cache-Control"] == "no-store"


def too_many_questions(content: bytes) -> bytes:
    asked = ocsp.OCSPRequest.load(content)
    questions = asked["tbs_request"]["request_list"]
    for _ in range(20):
        questions.append(questions[0].copy())
    return bytes(asked.dump(force=True))


@pytest.mark.parametrize("kind", ["empty", "noise", "cut", "long", "nonce-129", "questions-21", "trailing"])
def test_what_is_no_request_of_ours_is_malformed(cast: Cast, kind: str) -> None:
    good = request_about(seal_of(cast))
    bad = {
        "empty": b"",
        "noise": b"\x30\x80not a request",
        "cut": good[:-5],
        "long": good + bytes(20_000),
        "nonce-129": request_about(seal_of(cast), nonce=b"n" * 129),
        "questions-21": too_many_questions(good),
        "trailing": good + b"\0",
    }[kind]
    response = post(cast, bad)
    assert (response.status_code, response["Content-Type"]) == (200, "application/ocsp-response")
    assert load_der_ocsp_response(response.content).response_status is OCSPResponseStatus.MALFORMED_REQUEST


def test_an_answer_asked_by_get_may_be_kept_for_minutes(cast: Cast) -> None:
    token = seal_of(cast)
    text = quote(base64.b64encode(request_about(token)).decode(), safe="")
    response = Client().get(f"/pki/{authority_of(cast)}/ocsp/{text}")
    assert load_der_ocsp_response(response.content).certificate_status.name == "GOOD"
    assert response["Cache-Control"] == "public, max-age=300, no-transform, must-revalidate"
    assert parsedate_to_datetime(response["Last-Modified"]) <= datetime.now(UTC)
    refused = Client().get(f"/pki/{authority_of(cast)}/ocsp/not-base64")
    assert load_der_ocsp_response(refused.content).response_status is OCSPResponseStatus.MALFORMED_REQUEST
    assert refused["Cache-Control"] == "no-store"


def test_lists_and_certificates_say_what_they_are_and_how_long_they_may_be_kept(cast: Cast) -> None:
    authority_id = authority_of(cast)
    for name in ("crl", "root-crl"):
        response = Client().get(f"/pki/{authority_id}/{name}")
        assert response["Content-Type"] == "application/pkix-crl"
        assert "max-age=3600" in response["Cache-Control"]
        assert x509.load_der_x509_crl(response.content).next_update_utc > now() + timedelta(days=6)
    for name in ("certificate", "root-certificate"):
        response = Client().get(f"/pki/{authority_id}/{name}")
        assert response["Content-Type"] == "application/pkix-cert"
        assert "immutable" in response["Cache-Control"]
        assert "non qualifiée" in x509.load_der_x509_certificate(response.content).subject.rfc4514_string()


@pytest.mark.parametrize("name", ["crl", "root-crl", "certificate", "root-certificate", "ocsp", "ocsp/AA", "timestamp"])
def test_of_an_authority_that_is_not_here_nothing_is_told(cast: Cast, name: str) -> None:
    authority_of(cast)
    client = Client()
    address = f"/pki/{uuid4()}/{name}"
    types = {"ocsp": OCSP_TYPE, "timestamp": QUERY_TYPE}
    response = client.post(address, b"-", content_type=types[name]) if name in types else client.get(address)
    assert (response.status_code, response.content) == (404, b"")


def test_questions_of_strangers_do_not_fill_the_trail(cast: Cast) -> None:
    authority_id = authority_of(cast)
    post(cast, request_about(seal_of(cast)))
    before = Event.objects.count()
    post(cast, request_about(seal_of(cast)))
    post(cast, b"noise")
    post(cast, b"noise", authority_id=str(uuid4()))
    Client().post(f"/pki/{uuid4()}/timestamp", query(), content_type=QUERY_TYPE)
    Client().get(f"/pki/{uuid4()}/crl")
    Client().get(f"/pki/{authority_id}/crl")
    assert Event.objects.count() == before


def test_other_types_than_the_standards_are_refused(cast: Cast) -> None:
    authority_id = authority_of(cast)
    assert post(cast, b"", "text/plain").status_code == 415
    assert Client().post(f"/pki/{authority_id}/timestamp", b"", content_type="text/plain").status_code == 415


def stamped(cast: Cast, content: bytes) -> Any:
    response = Client().post(
        f"/pki/{authority_of(cast)}/timestamp", content, content_type=QUERY_TYPE, CONTENT_TYPE=QUERY_TYPE
    )
    assert response["Content-Type"] == "application/timestamp-reply"
    return Reply.load(response.content, strict=True)


class Reply(core.Sequence):
    """A TimeStampResp (RFC 3161 §2.4.2), whose token may be absent."""

    _fields: ClassVar = [
        ("status", tsp.PKIStatusInfo),
        ("time_stamp_token", cms.ContentInfo, {"optional": True}),
    ]


def query(algorithm: str = "sha256", length: int = 32, **more: Any) -> bytes:
    imprint = {"hash_algorithm": {"algorithm": algorithm}, "hashed_message": bytes(length)}
    return bytes(tsp.TimeStampReq({"version": "v1", "message_imprint": imprint, **more}).dump())


@pytest.mark.parametrize(
    ("content", "failure"),
    [
        (b"", "bad_data_format"),
        (b"noise", "bad_data_format"),
        (query() + bytes(5000), "bad_data_format"),
        (query("sha1", 20), "bad_alg"),
        (query("md5", 16), "bad_alg"),
        (query("sha256", 31), "bad_data_format"),
        (query(req_policy="1.2.3.4"), "unaccepted_policy"),
        (query(nonce=1 << 600), "bad_request"),
    ],
)
def test_a_query_that_can_not_be_served_is_told_why(cast: Cast, content: bytes, failure: str) -> None:
    reply = stamped(cast, content)
    assert reply["status"]["status"].native == "rejection"
    assert reply["status"]["fail_info"].native == {failure}


def test_a_stamp_repeats_the_nonce_and_bears_certificates_only_when_asked(cast: Cast) -> None:
    for wanted in (True, False):
        reply = stamped(cast, query(nonce=424242, cert_req=wanted))
        assert reply["status"]["status"].native == "granted"
        signed = reply["time_stamp_token"]["content"]
        assert signed["encap_content_info"]["content"].parsed["nonce"].native == 424242
        assert bool(signed["certificates"]) is wanted


def test_an_authority_that_ended_gives_no_time(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    authority_of(cast)

    def ended(**_: object) -> None:
        raise AuthorityEnded

    monkeypatch.setattr("telesphore.pki.actions.stamp_time.standing_authority", ended)
    reply = stamped(cast, query())
    assert reply["status"]["fail_info"].native == {"time_not_available"}


def test_while_the_keys_can_not_be_had_the_responder_says_so_in_its_own_words(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = request_about(seal_of(cast))

    def locked(*_: object, **__: object) -> None:
        raise WrongMasterKey

    monkeypatch.setattr("telesphore.pki.access.unseal", locked)
    answer = load_der_ocsp_response(post(cast, asked).content)
    assert answer.response_status in (OCSPResponseStatus.TRY_LATER, OCSPResponseStatus.INTERNAL_ERROR)


def test_an_address_that_asks_too_often_waits_and_others_do_not(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    authority_id = authority_of(cast)
    client = Client()
    # A minute that begins with the test, and ends when the test says.
    moment = datetime(2031, 1, 2, 8, 5, tzinfo=UTC)
    monkeypatch.setattr(rates, "now", lambda: moment)

    def ask(address: str) -> HttpResponse:
        return client.post(f"/pki/{authority_id}/timestamp", query(), content_type=QUERY_TYPE, REMOTE_ADDR=address)

    answers = [ask("192.0.2.7").status_code for _ in range(120)]
    assert answers.count(200) == 120
    moment += timedelta(seconds=20)
    refused = ask("192.0.2.7")
    assert (refused.status_code, refused.content, refused["Retry-After"]) == (429, b"", "40")
    assert refused["RateLimit-Policy"] == '"time-stamp";q=120;w=60'
    assert ask("192.0.2.8").status_code == 200
    moment += timedelta(seconds=40)
    assert ask("192.0.2.7").status_code == 200


def test_what_is_cheap_is_counted_without_the_database_and_by_networks(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = datetime(2031, 1, 2, 8, 6, tzinfo=UTC)
    asked = request_about(seal_of(cast))
    authority_id = authority_of(cast)
    monkeypatch.setattr(rates, "now", lambda: at)
    # One use less is left with each, whatever the address in the network.
    rate = views.ANSWERS
    client = Client()
    for host in (1, 2):
        client.post(f"/pki/{authority_id}/ocsp", asked, content_type=OCSP_TYPE, REMOTE_ADDR=f"2001:db8::{host}")
    with CaptureQueriesContext(connection) as queries_made:
        request = RequestFactory().get("/", REMOTE_ADDR="2001:db8::ffff")
        assert rates.spend(request, rate, at).left == rate.most - 3
        request = RequestFactory().get("/", REMOTE_ADDR="2001:db8:0:1::1")
        assert rates.spend(request, rate, at).left == rate.most - 1
    assert len(queries_made) == 0


def test_a_crowd_of_addresses_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "ADDRESSES", 3)
    memory = rates.Memory()
    assert [memory.count(f"192.0.2.{n}", 7) for n in range(6)] == [1, 1, 1, 1, 2, 3]
    assert len(memory._counts) == 4
    assert memory.count("192.0.2.5", 8) == 1
    assert len(memory._counts) == 1
